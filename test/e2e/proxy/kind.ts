import { once } from "node:events";
import { Agent, createServer as createHttpServer, get } from "node:http";
import { connect as connectHttp2, createSecureServer, createServer as createHttp2Server } from "node:http2";
import { createServer as createHttpsServer } from "node:https";
import { connect, createServer, type Server, type Socket } from "node:net";
import { connect as connectTls, createServer as createTlsServer } from "node:tls";
import { readFileSync } from "node:fs";
import type { Policy } from "@wherefrom/core";
import { wherefrom as underExpress } from "@wherefrom/express";
import { wherefrom as underFastify } from "@wherefrom/fastify";
import { wherefrom as underKoa } from "@wherefrom/koa";
import express from "express";
import fastify from "fastify";
import Koa from "koa";
import { WebSocket, WebSocketServer } from "ws";
import type { Certificate } from "../certificate.ts";
import { type Sighting, sightingOf } from "./sighting.ts";

/** Where to ask, from which address of ours, and what to forge. */
interface Question {
  readonly host: string;
  readonly port: number;
  readonly from: string;
  readonly certificate: Certificate;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Answer {
  readonly sightings: readonly Sighting[];
  /** The port that we asked from. */
  readonly port: number | undefined;
}

/** A kind of server, and a client of its own kind. */
export interface Kind {
  /** A server that does not listen yet and answers with a `Sighting` as JSON. */
  readonly create: (policy: Policy, certificate: Certificate) => Server | Promise<Server>;
  /** Asks twice over one connection, where the protocol lets us. */
  readonly ask: (question: Question) => Promise<Answer>;
  readonly isTls: boolean;
  /** Whether Node's parser of HTTP/1 reads from the connection. */
  readonly isConsumed: boolean;
}

const tlsOf = ({ certificateFile, keyFile }: Certificate) => ({
  cert: readFileSync(certificateFile),
  key: readFileSync(keyFile),
});

const textOf = (sighting: Sighting): string => JSON.stringify(sighting);

function dial({ host, port, from }: Question): Socket {
  return connect({ host, port, localAddress: from });
}

async function readLine(socket: Socket): Promise<Sighting> {
  let text = "";
  for await (const part of socket) text += String(part);
  return JSON.parse(text) as Sighting;
}

async function askLine(question: Question, overTls: boolean): Promise<Answer> {
  const carrier = dial(question);
  await once(carrier, "connect");
  const port = carrier.localPort;
  const socket = overTls ? encrypt(carrier, question) : carrier;
  socket.write("hello");
  return { sightings: [await readLine(socket)], port };
}

/** The certificate is for the balancer's addresses, and a socket that exists already has no name to check. */
function encrypt(socket: Socket, { certificate }: Question, ALPNProtocols: string[] = []): Socket {
  return connectTls({ socket, ca: certificate.text, ALPNProtocols, checkServerIdentity: () => undefined });
}

/** Two requests over one connection. */
async function askHttp(question: Question, overTls: boolean): Promise<Answer> {
  const carrier = dial(question);
  await once(carrier, "connect");
  const port = carrier.localPort;
  const socket = overTls ? encrypt(carrier, question) : carrier;
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  agent.createConnection = () => socket;
  const sightings: Sighting[] = [];
  for (let turn = 0; turn < 2; turn++) {
    const request = get({ agent, headers: { host: "service.example", ...question.headers } });
    const [response] = (await once(request, "response")) as [AsyncIterable<Buffer>];
    let text = "";
    for await (const part of response) text += String(part);
    sightings.push(JSON.parse(text) as Sighting);
  }
  agent.destroy();
  return { sightings, port };
}

async function askHttp2(question: Question, overTls: boolean): Promise<Answer> {
  const carrier = dial(question);
  await once(carrier, "connect");
  const port = carrier.localPort;
  const session = connectHttp2(`${overTls ? "https" : "http"}://service.example`, {
    createConnection: () => (overTls ? encrypt(carrier, question, ["h2"]) : carrier),
  });
  const ask = async (): Promise<Sighting> => {
    let text = "";
    for await (const part of session.request({ ":path": "/", ...question.headers })) text += String(part);
    return JSON.parse(text) as Sighting;
  };
  const sightings = await Promise.all([ask(), ask()]);
  session.close();
  await once(session, "close");
  return { sightings, port };
}

const plainHttp = { ask: (question: Question) => askHttp(question, false), isTls: false, isConsumed: true };

export const KINDS: Readonly<Record<string, Kind>> = {
  net: {
    isTls: false,
    isConsumed: false,
    create: () =>
      createServer((socket) => void socket.once("data", () => socket.end(textOf(sightingOf(socket, socket))))),
    ask: (question) => askLine(question, false),
  },
  tls: {
    isTls: true,
    isConsumed: false,
    create: (_policy, certificate) =>
      createTlsServer(tlsOf(certificate), (socket) => {
        socket.once("data", () => socket.end(textOf(sightingOf(socket, socket))));
      }),
    ask: (question) => askLine(question, true),
  },
  http: {
    ...plainHttp,
    create: () => createHttpServer((request, response) => response.end(textOf(sightingOf(request, request.socket)))),
  },
  https: {
    isTls: true,
    isConsumed: true,
    create: (_policy, certificate) =>
      createHttpsServer(tlsOf(certificate), (request, response) =>
        response.end(textOf(sightingOf(request, request.socket))),
      ),
    ask: (question) => askHttp(question, true),
  },
  h2c: {
    isTls: false,
    isConsumed: false,
    create: () =>
      createHttp2Server((request, response) => response.end(textOf(sightingOf(request, request.socket as Socket)))),
    ask: (question) => askHttp2(question, false),
  },
  h2: {
    isTls: true,
    isConsumed: false,
    create: (_policy, certificate) =>
      createSecureServer(tlsOf(certificate), (request, response) =>
        response.end(textOf(sightingOf(request, request.socket as Socket))),
      ),
    ask: (question) => askHttp2(question, true),
  },
  WebSocket: {
    isTls: false,
    isConsumed: true,
    create: () => {
      const server = createHttpServer();
      new WebSocketServer({ server }).on("connection", (webSocket, request) => {
        // After the upgrade the socket answers by itself.
        webSocket.on("message", () => webSocket.send(textOf(sightingOf(request.socket, request.socket))));
      });
      return server;
    },
    ask: async ({ host, port, from, headers }) => {
      const webSocket = new WebSocket(`ws://${host.includes(":") ? `[${host}]` : host}:${port}/`, {
        localAddress: from,
        headers: { ...headers },
      });
      await once(webSocket, "open");
      const { _socket: socket } = webSocket as unknown as { readonly _socket: Socket };
      const own = socket.localPort;
      webSocket.send("hello");
      const [message] = (await once(webSocket, "message")) as [Buffer];
      webSocket.terminate();
      return { sightings: [JSON.parse(String(message)) as Sighting], port: own };
    },
  },
  Express: {
    ...plainHttp,
    create: (policy) => {
      const app = express().use(underExpress(policy));
      app.use((request, response) => void response.json({ ...sightingOf(request, request.socket), ip: request.ip }));
      return createHttpServer(app);
    },
  },
  Fastify: {
    ...plainHttp,
    create: async (policy) => {
      const app = fastify();
      await app.register(underFastify(policy));
      app.get("/", (request) => ({ ...sightingOf(request.raw, request.raw.socket), ip: request.ip }));
      await app.ready();
      return app.server;
    },
  },
  Koa: {
    ...plainHttp,
    create: (policy) => {
      const app = new Koa();
      app.use(underKoa(policy)).use((context) => {
        context.body = { ...sightingOf(context.req, context.req.socket), ip: context.ip };
      });
      return createHttpServer(app.callback());
    },
  },
};
