// An application that knows nothing of wherefrom: it answers with what it sees. MODE says which servers it makes.
import cluster from "node:cluster";
import { createServer } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import { createServer as createTcpServer } from "node:net";
import { Worker, isMainThread } from "node:worker_threads";

const seen = ({ headers, rawHeaders, headersDistinct, socket }) => ({
  headers,
  all: JSON.stringify([headers, rawHeaders, headersDistinct]),
  peer: socket?.remoteAddress,
});

const answer = (request, response) => response.end(JSON.stringify(seen(request)));

const servers = {
  http: () => [createServer(answer)],
  two: () => [createServer(answer), createServer(answer)],
  http2: () => [createHttp2Server(answer)],
  handed: () => {
    const server = createServer(answer);
    return [createTcpServer((socket) => server.emit("connection", socket))];
  },
  "handed-http2": () => {
    const server = createHttp2Server(answer);
    return [createTcpServer((socket) => server.emit("connection", socket))];
  },
  upgrade: () => {
    const server = createServer(answer);
    server.on("upgrade", (request, socket) => socket.end(`HTTP/1.1 400 No\r\n\r\n${JSON.stringify(seen(request))}`));
    return [server];
  },
};

async function listen() {
  const all = servers[process.env.MODE ?? "http"]();
  let port = Number(process.env.PORT ?? 0);
  for (const server of all) {
    await new Promise((settle) => server.listen(port, "127.0.0.1", settle));
    port = 0;
  }
  return all.map((server) => server.address().port);
}

const tell = (ports) => process.stdout.write(`${JSON.stringify(ports)}\n`);

if (process.env.MODE === "worker" && isMainThread) {
  new Worker(new URL(import.meta.url), { env: { ...process.env, MODE: "http" } });
} else if (process.env.MODE === "cluster" && cluster.isPrimary) {
  cluster.fork({ MODE: "http" });
} else tell(await listen());
