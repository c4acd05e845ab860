import { once } from "node:events";
import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { Resolution } from "@wherefrom/core";
import { getClientIp, wherefrom } from "@wherefrom/net";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { current, Log, policy } from "../../test/client-log.ts";
import { followClients, runWithClient } from "./client-context.ts";

let end: () => void;
beforeEach(() => void (end = followClients()));
afterEach(() => end());

const REQUEST_EVENTS = ["data", "end", "close", "aborted", "error", "resume", "readable"];
const RESPONSE_EVENTS = ["finish", "close", "drain", "error", "prefinish", "pipe"];

/** Listens to everything, and answers after `delay`. */
function listen(log: Log, request: IncomingMessage, response: ServerResponse, delay: number): void {
  const own = getClientIp(request);
  const note = (what: string) => () => log.note(what, own);
  note("handler")();
  for (const event of REQUEST_EVENTS.slice(0, 6)) request.on(event, note(`request ${event}`));
  for (const event of RESPONSE_EVENTS) response.on(event, note(`response ${event}`));
  request.socket.once("close", () => log.note("socket close", undefined));
  const later = setTimeout(() => {
    note("timer")();
    const big = Buffer.alloc(request.url === "/big" ? 3_000_000 : 10, "x");
    response.write(big, note("write callback"));
    void Promise.resolve().then(note("promise"));
    response.end("end", note("end callback"));
  }, delay);
  response.once("close", () => clearTimeout(later));
}

async function open(listener: (request: IncomingMessage, response: ServerResponse) => void): Promise<[Server, number]> {
  const server = wherefrom(createHttpServer(listener), policy).listen(0, "127.0.0.1");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, "listening");
  return [server, (server.address() as AddressInfo).port];
}

function dial(port: number): Socket {
  const socket = connect(port, "127.0.0.1")
    .on("error", () => {})
    .resume();
  onTestFinished(() => void socket.destroy());
  return socket;
}

const ask = (path: string, client: number, body = "abc", more = ""): string =>
  `POST ${path} HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.113.${client}\r\nContent-Length: ${body.length}\r\n${more}\r\n${body}`;

describe("listeners and callbacks of a request and its response have its client, never another's", () => {
  test.each([
    ["one after the other", ["/a", "/a"], false],
    ["pipelined, the first one slow", ["/slow", "/a", "/a"], true],
    ["pipelined, with a large answer before", ["/big", "/a"], true],
    ["pipelined, with a large answer behind", ["/slow", "/big", "/a"], true],
  ] as const)("%s", async (_title, paths, isPipelined) => {
    const log = new Log();
    const [, port] = await open((request, response) =>
      listen(log, request, response, request.url === "/slow" ? 30 : 2),
    );
    const socket = dial(port);
    for (const [index, path] of paths.entries()) {
      socket.write(ask(path, index + 1));
      await expect.poll(() => log.count("response close")).toBeGreaterThanOrEqual(isPipelined ? 0 : index + 1);
    }
    await expect.poll(() => log.count("response close")).toBe(paths.length);
    expect(log.wrong()).toEqual([]);
    for (const what of [
      "handler",
      "timer",
      "promise",
      "write callback",
      "end callback",
      "response finish",
      "request end",
    ]) {
      expect([what, log.count(what)]).toEqual([what, paths.length]);
    }
  });

  test("a client that leaves while two of its proxy's requests wait", async () => {
    const log = new Log();
    const [server, port] = await open((request, response) => listen(log, request, response, 10_000));
    const accepted = once(server, "connection") as Promise<[Socket]>;
    const socket = dial(port);
    socket.write(ask("/slow", 1) + ask("/slow", 2));
    await expect.poll(() => log.count("handler")).toBe(2);
    socket.resetAndDestroy();
    const [ours] = await accepted;
    if (!ours.destroyed) await new Promise((settle) => ours.once("close", settle));
    // Later versions of Node close the answer that was never sent as well.
    await expect.poll(() => log.count("response close")).toBeGreaterThan(0);
    await sleep(5);
    expect(log.wrong()).toEqual([]);
    expect(log.count("socket close")).toBe(2);
  });

  test("a body that comes in parts, piped, and read by a loop", async () => {
    const log = new Log();
    const [, port] = await open((request, response) => {
      const own = getClientIp(request);
      const work = async (): Promise<void> => {
        for await (const chunk of request) log.note(`chunk ${String(chunk).length > 0}`, own);
        log.note("loop end", own);
        await pipeline(
          (async function* () {
            log.note("generator", own);
            yield "x";
          })(),
          response,
        );
        log.note("pipeline end", own);
      };
      void work();
    });
    const [first, second] = [dial(port), dial(port)];
    first.write(ask("/", 1, "abcdef").slice(0, -3));
    second.write(ask("/", 2, "abcdef").slice(0, -3));
    await expect.poll(() => log.count("chunk true")).toBe(2);
    second.write("def");
    first.write("def");
    await expect.poll(() => log.count("pipeline end")).toBe(2);
    expect(log.wrong()).toEqual([]);
  });

  test("`100-continue`, early hints and an expectation of one's own", async () => {
    const log = new Log();
    const [server, port] = await open((request, response) => listen(log, request, response, 1));
    server.on("checkContinue", (request: IncomingMessage, response: ServerResponse) => {
      const own = getClientIp(request);
      log.note("checkContinue", own);
      response.writeContinue(() => log.note("continue callback", own));
      response.writeEarlyHints({ link: "</x.css>; rel=preload" }, () => log.note("hints callback", own));
      listen(log, request, response, 1);
    });
    server.on("checkExpectation", (request: IncomingMessage, response: ServerResponse) => {
      log.note("checkExpectation", getClientIp(request));
      response.end();
    });
    const socket = dial(port);
    socket.write(
      ask("/slow", 1) + ask("/", 2, "abc", "Expect: 100-continue\r\n") + ask("/", 3, "abc", "Expect: x\r\n"),
    );
    await expect.poll(() => log.count("checkExpectation")).toBe(1);
    await expect.poll(() => log.count("response close")).toBe(2);
    expect(log.wrong()).toEqual([]);
    for (const what of ["checkContinue", "continue callback", "hints callback"])
      expect([what, log.count(what)]).toEqual([what, 1]);
  });

  test("a request that times out", async () => {
    const log = new Log();
    const [, port] = await open((request, response) => {
      const own = getClientIp(request);
      request.setTimeout(10, () => log.note("request timeout", own));
      response.setTimeout(10, () => {
        log.note("response timeout", own);
        response.end();
      });
    });
    const socket = dial(port);
    socket.write(ask("/", 1));
    await expect.poll(() => log.count("response timeout")).toBe(1);
    expect(log.wrong()).toEqual([]);
  });
});

test("what is no request's is nobody's: a connection that was reused, and its errors", async () => {
  const log = new Log();
  const [server, port] = await open((request, response) => listen(log, request, response, 1));
  const nobody = (what: string) => () => log.note(what, undefined);
  server.on("clientError", (_error, socket) => {
    nobody("clientError")();
    socket.destroy();
  });
  server.on("connection", (socket: Socket) => {
    nobody("connection")();
    for (const event of ["data", "close", "error", "end", "timeout"]) socket.on(event, nobody(`socket ${event}`));
  });
  const socket = dial(port);
  socket.write(ask("/", 1));
  await expect.poll(() => log.count("response close")).toBe(1);
  socket.write("nonsense\r\n\r\n");
  await expect.poll(() => log.count("clientError")).toBe(1);
  await expect.poll(() => log.count("socket close")).toBeGreaterThan(0);
  expect(log.wrong()).toEqual([]);
  expect(current()).toBeUndefined();
});

describe("a connection that was upgraded is its request's", () => {
  test.each([
    ["the first request of the server", ""],
    ["one behind another client's", ask("/", 1)],
  ])("%s", async (_title, before) => {
    const log = new Log();
    const [server, port] = await open((request, response) => listen(log, request, response, 1));
    server.on("upgrade", (request: IncomingMessage, socket: Duplex) => {
      const own = getClientIp(request);
      log.note("upgrade", own);
      for (const event of ["data", "end", "close"]) socket.on(event, () => log.note(`upgraded ${event}`, own));
      socket.write("HTTP/1.1 101 Switching Protocols\r\n\r\n", () => log.note("upgraded write", own));
      setTimeout(() => log.note("upgraded timer", own), 1);
    });
    const socket = dial(port);
    socket.write(before);
    await expect.poll(() => log.count("response close")).toBe(before === "" ? 0 : 1);
    socket.write(
      "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: x\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n",
    );
    await once(socket, "data");
    socket.write("hello");
    await expect.poll(() => log.count("upgraded data")).toBe(1);
    socket.end();
    await expect.poll(() => log.count("upgraded end")).toBe(1);
    await expect.poll(() => log.count("upgraded timer")).toBe(1);
    // What the first request's handler has asked of the socket is answered when it is the other one's already.
    expect(log.wrong("socket close").filter((line) => (line as { what: string }).what !== "socket close")).toEqual([]);
    for (const what of ["upgrade", "upgraded write"]) expect([what, log.count(what)]).toEqual([what, 1]);
  });
});

test("what is run with a client of one's own is not another request's", async () => {
  const own = { client: { address: "192.0.2.9", port: 1 } } as Resolution;
  const seen: unknown[] = [];
  const [, port] = await open((_request, response) => {
    runWithClient(own, () => {
      seen.push(current());
      setImmediate(() => seen.push(current()));
    });
    seen.push(current());
    response.on("finish", () => seen.push(current()));
    setImmediate(() => response.end());
  });
  dial(port).write(ask("/", 1));
  await expect.poll(() => seen).toEqual(["192.0.2.9", "203.0.113.1", "192.0.2.9", "203.0.113.1"]);
});

test("when the following has ended, requests that begin have no client", async () => {
  const seen: unknown[] = [];
  const [, port] = await open((_request, response) => {
    seen.push(current());
    response.on("finish", () => seen.push(current())).end();
  });
  const socket = dial(port);
  socket.write(ask("/", 1));
  await expect.poll(() => seen).toEqual(["203.0.113.1", "203.0.113.1"]);
  end();
  socket.write(ask("/", 2));
  await expect.poll(() => seen.slice(2)).toEqual([undefined, undefined]);
});
