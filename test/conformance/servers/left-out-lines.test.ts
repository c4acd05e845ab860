import { createServer, type IncomingMessage, type Server as HttpServer } from "node:http";
import { createSecureServer } from "node:http2";
import { createServer as createHttpsServer } from "node:https";
import { connect, type Server, type Socket } from "node:net";
import { compilePolicy } from "@wherefrom/core";
import { wherefrom as expressMiddleware } from "@wherefrom/express";
import { getClient, type Source, wherefrom } from "@wherefrom/net";
import express from "express";
import fastify from "fastify";
import proxyaddr from "proxy-addr";
import { describe, expect, test } from "vitest";
import { TLS_IDENTITY } from "../adapters/tls-identity.ts";
import { type Answer, policy, fill, PROVEN, answerOf, listen, send, request, answering } from "./answer.ts";

describe("lines that node:http has left out", () => {
  const CUT = [...fill(1000), PROVEN];

  /** Whether nothing is proven and the limit is told. Later versions of Node answer 431, or close an upgrade's connection, where there are more lines than the limit. */
  const isCut = (answer: Answer | number | undefined): boolean =>
    typeof answer === "object"
      ? answer.stop === "headers-cut" && answer.warnings.includes("headers-cut") && answer.client === undefined
      : answer === 431 || answer === undefined;

  const SERVERS: Readonly<Record<string, { tls: boolean; create: () => Server }>> = {
    "node:http": { tls: false, create: () => createServer(answering) },
    "node:https": { tls: true, create: () => createHttpsServer(TLS_IDENTITY, answering) },
    "HTTP/1 of node:http2": {
      tls: true,
      create: () => createSecureServer({ ...TLS_IDENTITY, allowHTTP1: true }, answering),
    },
  };

  test.each(Object.keys(SERVERS))("prove nothing: %s", async (name) => {
    const { tls, create } = SERVERS[name]!;
    const port = await listen(wherefrom(create(), policy));
    expect(isCut(await send(port, request(CUT), tls))).toBe(true);
    expect(await send(port, request([...fill(997), PROVEN]), tls)).toMatchObject({ stop: "headers-cut" });
    expect(await send(port, request([...fill(996), PROVEN]), tls)).toMatchObject({
      client: "203.0.113.7",
      warnings: [],
    });
  });

  test.each(Object.keys(SERVERS))("the limit is the one of the connection's first moment: %s", async (name) => {
    const { tls, create } = SERVERS[name]!;
    const server = wherefrom(create(), policy) as Server & { maxHeadersCount?: number };
    const port = await listen(server);
    const late: (() => Source)[] = [];
    server.removeAllListeners("request");
    server.on("request", (message: IncomingMessage, response: { end(text: string): unknown }) => {
      // Node's parser has the limit that the server had when the connection came.
      server.maxHeadersCount = 0;
      response.end(answerOf(message));
      late.push(() => message);
    });
    server.maxHeadersCount = 40;
    expect(await send(port, request([...fill(37), PROVEN]), tls)).toMatchObject({ stop: "headers-cut" });
    server.maxHeadersCount = 40;
    expect(await send(port, request([...fill(36), PROVEN]), tls)).toMatchObject({ client: "203.0.113.7" });
    // The parser has gone with the connection, and the server's limit has changed.
    const other = compilePolicy({ trust: ["127.0.0.1"], from: "x-forwarded-for" });
    expect(late.map((source) => getClient(source(), other).stop)).toEqual(["headers-cut", "untrusted-hop"]);
    server.maxHeadersCount = 5;
    expect(late.map((source) => getClient(source(), other).stop)).toEqual(["headers-cut", "untrusted-hop"]);
  });

  test.each([
    ["upgrade", request([...fill(995), "Upgrade: chat", PROVEN]).replace("Connection: close", "Connection: Upgrade")],
    ["connect", request([...fill(996), PROVEN], "CONNECT x:80 HTTP/1.1")],
  ])("after '%s' the socket proves nothing by them", async (event, below) => {
    const server = wherefrom(createServer(answering), policy);
    server.on(event, (message: IncomingMessage, socket: Socket) => {
      if (answerOf(message) !== answerOf(socket)) throw new Error("two answers");
      socket.end(answerOf(socket));
    });
    const port = await listen(server);
    expect(await send(port, below)).toMatchObject({ client: "203.0.113.7" });
    expect(await send(port, below.replace("a:1", "a:1\r\na:1"))).toMatchObject({ stop: "headers-cut" });
    expect(isCut(await send(port, below.replace("a:1", `a:1\r\n${CUT.join("\r\n")}`)))).toBe(true);
  });

  test("an upgrade of a server that nobody wrapped is counted by the server's limit", async () => {
    const server = createServer();
    server.maxHeadersCount = 10;
    server.on("upgrade", (message: IncomingMessage, socket: Socket) => void socket.end(answerOf(message, policy)));
    const port = await listen(server);
    const lines = (count: number): string =>
      request([...fill(count), "Upgrade: chat", PROVEN]).replace("Connection: close", "Connection: Upgrade");
    expect(await send(port, lines(5))).toMatchObject({ client: "203.0.113.7" });
    expect(await send(port, lines(6))).toMatchObject({ stop: "headers-cut" });
  });

  test.each(["0.9", "1.0", "2.0"])(
    "the version that a request of HTTP/1 writes lifts no limit: %s",
    async (version) => {
      const port = await listen(wherefrom(createServer(answering), policy));
      const start = `GET / HTTP/${version}`;
      expect(isCut(await send(port, request(["X-Forwarded-For: 6.6.6.6", ...CUT], start)))).toBe(true);
      expect(await send(port, request([...fill(997), PROVEN], start))).toMatchObject({ stop: "headers-cut" });
    },
  );

  test("a framework's request with headers of its own proves no more than the one in it", async () => {
    let server: HttpServer | undefined;
    const app = fastify({ serverFactory: (listener) => (server = createServer(listener)) });
    app.get("/", async (asked) => {
      asked.headers = { "x-own": "1" };
      return answerOf(asked, policy);
    });
    await app.ready();
    const port = await listen(server!);
    expect(await send(port, request([...fill(997), PROVEN]))).toMatchObject({ stop: "headers-cut" });
    expect(await send(port, request([...fill(996), PROVEN]))).toMatchObject({ client: "203.0.113.7" });
  });

  test("let no library read X-Forwarded-For by Express's trust setting", async () => {
    const app = express();
    app.use(expressMiddleware(policy));
    app.get("/", (asked, response) => {
      const trust = asked.app.get("trust proxy fn") as (address: string, distance: number) => boolean;
      response.json({ stop: proxyaddr(asked, trust), set: asked.app.get("trust proxy") !== 0 });
    });
    const port = await listen(createServer(app));
    expect(await send(port, request(["X-Forwarded-For: 6.6.6.6", ...fill(997)]))).toEqual({
      stop: "127.0.0.1",
      set: false,
    });
    expect(await send(port, request([...fill(996), PROVEN]))).toEqual({ stop: "203.0.113.7", set: true });
  });

  test("a kept connection is counted request by request", async () => {
    const port = await listen(wherefrom(createServer(answering), policy));
    const kept = request([PROVEN]).replace("Connection: close", "Connection: keep-alive");
    const answer = await send(port, kept + request([...fill(997), PROVEN]));
    // The first of both answers is found.
    expect(answer).toMatchObject({ client: "203.0.113.7" });
    const socket = connect(port, "127.0.0.1");
    socket.write(
      request([...fill(997), PROVEN]).replace("Connection: close", "Connection: keep-alive") + request([PROVEN]),
    );
    let text = "";
    for await (const chunk of socket) text += String(chunk);
    expect([...text.matchAll(/"stop":"([a-z-]+)"/g)].map(([, stop]) => stop)).toEqual(["headers-cut", "untrusted-hop"]);
  });

  test("what `maxHeaderSize` bounds is refused by node:http, and asks nothing", async () => {
    const port = await listen(wherefrom(createServer({ maxHeaderSize: 1024 }, answering), policy));
    expect(await send(port, request([`b: ${"x".repeat(1024)}`, PROVEN]))).toBe(431);
  });
});
