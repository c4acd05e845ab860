// Connections to the balancer, each from an address of its own: prints one line of JSON with what the server said of each.
import { Agent, request } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { connect as connectTls } from "node:tls";

const {
  kind,
  host,
  port,
  addresses,
  ports = [port],
  concurrency = 50,
  headers = {},
  timeoutMs = 10_000,
} = JSON.parse(process.argv[2]);

const read = (stream) =>
  new Promise((resolve, reject) => {
    let text = "";
    stream.setEncoding("utf8").on("data", (part) => (text += part));
    stream.on("error", reject).on("end", () => resolve(JSON.parse(text)));
  });

function overTcp(localAddress, to) {
  const socket = connect({ host, port: to, localAddress });
  socket.setTimeout(timeoutMs, () => socket.destroy(new Error("no answer")));
  return socket;
}

/** Requests of a connection that is kept. */
const REQUESTS = 5;

/** One request over this socket. */
async function ask(over, more = {}) {
  const asked = request({ ...over, headers: { host: "x", ...more, ...headers } });
  const answered = new Promise((resolve, reject) => asked.on("response", resolve).on("error", reject));
  asked.end();
  return read(await answered);
}

async function visit(localAddress, to) {
  const socket = overTcp(localAddress, to);
  const opened = new Promise((resolve, reject) => socket.on("connect", resolve).on("error", reject));
  await opened;
  const own = { address: socket.localAddress, port: socket.localPort };
  const payload = `${own.address} ${own.port}\n`;
  let said;
  if (kind === "net") {
    socket.write(payload);
    said = await read(socket);
  } else if (kind === "tls") {
    const secure = connectTls({ socket, rejectUnauthorized: false });
    secure.on("error", () => {}).write(payload);
    said = await read(secure);
  } else if (kind === "http") {
    said = await ask({ createConnection: () => socket }, { connection: "close" });
  } else if (kind === "keep-alive") {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    agent.createConnection = () => socket;
    said = [];
    for (let turn = 0; turn < REQUESTS; turn++) said.push(await ask({ agent }));
  } else {
    const session = connectHttp2("http://x", { createConnection: () => socket });
    said = await read(session.request({ ":path": "/", ...headers }));
    session.close();
  }
  socket.destroy();
  return { own, said };
}

const results = [];
const waiting = addresses.map((address, index) => [address, ports[index % ports.length]]);
async function work() {
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    try {
      results.push(await visit(...next));
    } catch (error) {
      results.push({ own: { address: next[0] }, failed: String(error) });
    }
  }
}
await Promise.all(Array.from({ length: concurrency }, work));
process.stdout.write(`${JSON.stringify(results)}\n`);
