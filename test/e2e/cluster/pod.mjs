// What runs in a Pod: servers of several kinds, each on a port of its own, which answer with what wherefrom says of who asks. Says a line with their TOA status.
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import { createServer as createTcpServer } from "node:net";
import { compilePolicy } from "@wherefrom/core";
import { createSocket } from "@wherefrom/dgram";
import * as underExpress from "@wherefrom/express";
import * as underFastify from "@wherefrom/fastify";
import * as underKoa from "@wherefrom/koa";
import { getClient, toaStatus, wherefrom } from "@wherefrom/net";
import express from "express";
import fastify from "fastify";
import Koa from "koa";
import { WebSocketServer } from "ws";

const { pod, services } = JSON.parse(process.argv[2]);

function describe(resolution, ip) {
  const { client, nearest, method, stop, warnings, hops } = resolution;
  return {
    pod,
    ip,
    client,
    nearest,
    method,
    stop,
    warnings: warnings.map(({ code }) => code),
    hops: hops.map(({ method: by, format, endpoint, claim }) => ({ by, format, ...endpoint, reason: claim?.reason })),
  };
}

/** A text is said in one line, on a connection or in a WebSocket's message. */
const line = (said) => `${JSON.stringify(said)}\n`;

const CREATORS = {
  express: (policy) => {
    const app = express();
    app.use(underExpress.wherefrom(policy));
    app.use((request, response) => response.json(describe(underExpress.getClient(request), request.ip)));
    return createHttpServer(app);
  },
  fastify: async (policy) => {
    const app = fastify();
    app.register(underFastify.wherefrom(policy));
    app.get("/*", (request) => describe(underFastify.getClient(request), request.ip));
    await app.ready();
    return app.server;
  },
  koa: (policy) => {
    const app = new Koa();
    app.use(underKoa.wherefrom(policy));
    app.use((context) => {
      context.body = describe(underKoa.getClient(context), context.ip);
    });
    return createHttpServer(app.callback());
  },
  net: () =>
    createTcpServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", () => socket.end(line(describe(getClient(socket)))));
    }),
  // What an application asks for most, and nothing else: no proof is built.
  http: () =>
    createHttpServer((request, response) => {
      const { client, stop } = getClient(request);
      const text = JSON.stringify({ client, stop });
      response.writeHead(200, { "content-length": text.length }).end(text);
    }),
  http2: () => createHttp2Server((request, response) => response.end(line(describe(getClient(request))))),
  ws: () => {
    const server = createHttpServer((_request, response) => response.writeHead(426).end());
    new WebSocketServer({ server }).on("connection", (webSocket, { socket }) => {
      webSocket.on("error", () => {});
      webSocket.on("message", () => webSocket.send(line(describe(getClient(socket)))));
    });
    return server;
  },
};

async function serve({ server: kind, port, policy: options, toa, proxyProtocol, udp }) {
  const policy = compilePolicy(options);
  if (kind === "udp") {
    const socket = createSocket({ type: "udp6", udp }, policy);
    socket.on("message", (_payload, info) => socket.send(line(describe(info.client)), info.port, info.address));
    await new Promise((resolve) => socket.bind(port, "::", resolve));
    return undefined;
  }
  const server = wherefrom(await CREATORS[kind](policy), policy, { toa, proxyProtocol });
  await new Promise((resolve) => server.listen({ port, host: "::" }, resolve));
  return toaStatus(server);
}

process.on("warning", () => {});
process.stdin.resume().on("end", () => process.exit(0));
process.stdout.write(line(await Promise.all(services.map(serve))));
