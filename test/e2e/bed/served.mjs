// A server of one kind, behind the bed's balancer: answers every connection with what wherefrom says of it, as a line of JSON.
import cluster from "node:cluster";
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import { createServer as createTcpServer } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { isMainThread, Worker, workerData } from "node:worker_threads";
import { compilePolicy } from "@wherefrom/core";
import { getClient, operatorNotices, toaStatus, wherefrom } from "@wherefrom/net";

const options = isMainThread ? JSON.parse(process.argv[2]) : workerData;
const {
  kind,
  host,
  port,
  toa,
  proxyProtocol,
  policy,
  tls,
  workers = 0,
  threads = 0,
  scheduling,
  tellsLost,
  tellsNotices,
} = options;
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

function describe(source, { remoteAddress: address, remotePort: port } = source.socket ?? source) {
  const { client, nearest, method, stop, warnings, hops } = getClient(source);
  return {
    named: { address, port },
    client,
    nearest,
    method,
    stop,
    warnings: warnings.map(({ code, detail }) => `${code}: ${detail}`),
    hops: hops.map(({ method: by, format, endpoint, verdict, claim }) => ({
      by,
      format,
      address: endpoint?.address,
      verdict: verdict.trusted ? "trusted" : verdict.reason,
      reason: claim?.reason,
    })),
  };
}

/** What crowd.c is answered: whether it is the one whom it says that it is. */
function compare(own, client) {
  if (client === undefined) return "u";
  return own === `${client.address} ${client.port ?? "-"}` ? "r" : "w";
}

function createServer() {
  const onSocket = (socket) => {
    socket.on("error", () => {});
    socket.once("data", () => {
      const lost = tellsLost === true ? toaStatus(socket.server).tapLost : undefined;
      const said = describe(socket);
      const notices = tellsNotices === true ? operatorNotices().map(({ code }) => code) : undefined;
      socket.end(`${JSON.stringify({ ...said, lost, notices })}\n`);
    });
  };
  const onRequest = (request, response) => response.end(`${JSON.stringify(describe(request))}\n`);
  switch (kind) {
    case "net":
      return createTcpServer(onSocket);
    case "compare":
      return createTcpServer((socket) => {
        socket.on("error", () => {});
        socket.once("data", (line) => socket.write(compare(String(line).trim(), getClient(socket).client)));
      });
    case "tls":
      return createTlsServer(tls, onSocket);
    case "http":
      return createHttpServer(onRequest);
    case "http2":
      return createHttp2Server(onRequest);
    default:
      return createFrameworkServer();
  }
}

/** A framework on node:http, whose requests are asked through its adapter. */
async function createFrameworkServer() {
  const compiled = compilePolicy(policy);
  if (kind === "express") {
    const [{ default: express }, adapter] = await Promise.all([import("express"), import("@wherefrom/express")]);
    const app = express().use(adapter.wherefrom(compiled));
    app.use((request, response) => void response.send({ ...describe(request), ip: request.ip }));
    return createHttpServer(app);
  }
  if (kind === "koa") {
    const [{ default: Koa }, adapter] = await Promise.all([import("koa"), import("@wherefrom/koa")]);
    const app = new Koa().use(adapter.wherefrom(compiled));
    app.use((context) => void (context.body = { ...describe(context.req), ip: context.ip }));
    return createHttpServer(app.callback());
  }
  if (kind === "fastify") {
    const [{ default: fastify }, adapter] = await Promise.all([import("fastify"), import("@wherefrom/fastify")]);
    let server;
    const app = fastify({ serverFactory: (handler) => (server = createHttpServer(handler)) });
    await app.register(adapter.wherefrom(compiled));
    app.get("/", async (request) => ({ ...describe(request.raw), ip: request.ip }));
    await app.ready();
    return server;
  }
  throw new Error(`no server of kind ${kind}`);
}

async function serve() {
  const server = wherefrom(await createServer(), compilePolicy(policy), { toa, proxyProtocol });
  server.listen({ host, port }, () => {
    const status = toaStatus(server);
    if (cluster.isWorker) process.send(status ?? {});
    else say(status ?? {});
  });
}

process.on("warning", () => {});
if (isMainThread && cluster.isPrimary) process.stdin.resume().on("end", () => process.exit(0));
if (cluster.isPrimary && workers > 0) {
  cluster.schedulingPolicy = scheduling === "none" ? cluster.SCHED_NONE : cluster.SCHED_RR;
  let ready = 0;
  for (let index = 0; index < workers; index++) {
    cluster.fork().on("message", (status) => {
      if (++ready === workers) say(status);
    });
  }
} else if (isMainThread && threads > 0) {
  for (let index = 0; index < threads; index++) {
    new Worker(new URL(import.meta.url), { workerData: { ...options, threads: 0, port: port + index } });
  }
} else await serve();
