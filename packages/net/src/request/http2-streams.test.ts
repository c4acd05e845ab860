import { once } from "node:events";
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  createServer,
  type Http2Server,
  type Http2ServerRequest,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import { type AddressInfo, connect as connectTcp, type Socket } from "node:net";
import { compilePolicy } from "@wherefrom/core";
import { describe, expect, onTestFinished, test } from "vitest";
import { attach } from "./attach.ts";
import { getClient, getClientIp } from "./get-client.ts";
import type { SocketLike, Source } from "../connection/source.ts";
import { wherefrom } from "../wherefrom.ts";

const { NGHTTP2_CANCEL } = constants;
const policy = compilePolicy({ trust: ["127.0.0.1"], from: "x-forwarded-for" });
const HEADERS = { ":path": "/", "x-forwarded-for": "203.0.113.7" };

interface Visit {
  readonly session: ClientHttp2Session;
  readonly socket: Socket;
}

async function visit(server: Http2Server): Promise<Visit> {
  wherefrom(server, policy).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const socket = connectTcp(port, "127.0.0.1");
  const session = connect(`http://127.0.0.1:${port}`, { createConnection: () => socket }).on("error", () => {});
  onTestFinished(() => {
    session.destroy();
    server.close();
  });
  return { session, socket };
}

const open = async (server: Http2Server): Promise<ClientHttp2Session> => (await visit(server)).session;

/** What each way of asking answers now: the address, or the error's code. */
function answers(source: Source): readonly unknown[] {
  const ask = (act: () => unknown): unknown => {
    try {
      return act();
    } catch (error) {
      return (error as { code?: string }).code;
    }
  };
  return [ask(() => getClientIp(source)), ask(() => getClient(source).client?.address)];
}

const PROVEN = ["203.0.113.7", "203.0.113.7"];

describe.each([
  ["the client cancels its stream", (_visit: Visit, stream: ClientHttp2Stream) => stream.close(NGHTTP2_CANCEL)],
  ["the client ends its session", ({ session }: Visit) => session.destroy()],
  ["the client resets its connection", ({ socket }: Visit) => socket.resetAndDestroy()],
] as const)("while a handler waits, %s", (_title, leave) => {
  test.each([
    ["request", (request: Http2ServerRequest): Source => request],
    ["stream", (request: Http2ServerRequest): Source => request.stream],
    [
      "plain object with the session's socket",
      ({ headers, stream }: Http2ServerRequest): Source => ({ headers, socket: stream.session!.socket }),
    ],
  ] as const)("and its %s is answered as before", async (_name, sourceOf) => {
    const server = createServer();
    const gone = new Promise<readonly unknown[]>((settle) => {
      server.on("request", (request) => {
        const source = sourceOf(request);
        request.stream.on("error", () => {});
        request.stream.once("close", () => setImmediate(() => settle(answers(source))));
        setImmediate(() => leave(visited, asked));
      });
    });
    const visited = await visit(server);
    const asked = visited.session.request(HEADERS).on("error", () => {});
    expect(await gone).toEqual(PROVEN);
  });
});

test("an access log on 'finish' and on 'close' names the client of every request", async () => {
  const seen: unknown[] = [];
  const server = createServer((request, response) => {
    for (const event of ["finish", "close"]) response.on(event, () => seen.push([event, ...answers(request)]));
    request.on("close", () => seen.push(["request", ...answers(request)]));
    response.end("x");
  });
  const session = await open(server);
  const asked = session.request(HEADERS).resume();
  await once(asked, "close");
  await expect.poll(() => seen.length).toBe(3);
  expect(seen).toEqual(expect.arrayContaining(["finish", "close", "request"].map((event) => [event, ...PROVEN])));
});

test("a stream is known to each of its listeners, the first one and those of its session too", async () => {
  const seen: unknown[] = [];
  const note = (stream: Source): void => void seen.push(answers(stream));
  const server = createServer();
  const session = await open(server);
  server.on("session", (accepted: ServerHttp2Session) => accepted.on("stream", note));
  server.prependListener("stream", note);
  server.on("stream", (stream: ServerHttp2Stream) => {
    stream.respond({ ":status": 200 });
    stream.end();
    stream.once("close", () => note(stream));
  });
  await once(session.request(HEADERS).resume(), "close");
  await expect.poll(() => seen).toEqual([PROVEN, PROVEN, PROVEN]);
});

test("a stream and its request have one answer, whichever was attached to", async () => {
  const nobody = compilePolicy({ trust: [] });
  const server = createServer((request, response) => {
    const before = getClient(request.stream);
    const same = before === getClient(request);
    const attached = attach(request, nobody);
    response.end(JSON.stringify([same, getClientIp(request.stream), getClient(request.stream) === attached]));
  });
  const session = await open(server);
  let text = "";
  for await (const chunk of session.request(HEADERS)) text += String(chunk);
  expect(JSON.parse(text)).toEqual([true, "127.0.0.1", true]);
});

test("a pushed stream answers for the request that it was pushed for, also when it is closed", async () => {
  const server = createServer();
  const pushed = new Promise<ServerHttp2Stream>((settle) => {
    server.on("stream", (stream: ServerHttp2Stream) => {
      stream.pushStream({ ":path": "/pushed" }, (error, other) => {
        if (error !== null) throw error;
        other.respond({ ":status": 200 });
        other.end("x");
        stream.respond({ ":status": 200 });
        stream.end("x");
        settle(other);
      });
    });
  });
  const session = await open(server);
  session.on("stream", (received) => received.resume());
  session.request(HEADERS).resume();
  const stream = await pushed;
  expect(answers(stream)).toEqual(PROVEN);
  if (!stream.closed) await once(stream, "close");
  expect(answers(stream)).toEqual(PROVEN);
});

test("the socket of a session that is over is still known", async () => {
  const server = createServer();
  const accepted = once(server, "session") as Promise<[ServerHttp2Session]>;
  const session = await open(server);
  const [ours] = await accepted;
  const socket: SocketLike = ours.socket;
  const before = [getClient(socket).stop, getClientIp(socket, compilePolicy({ trust: [] }))];
  session.destroy();
  await once(ours, "close");
  expect(() => socket.remoteAddress).toThrow(/Session/);
  expect([getClient(socket).stop, getClientIp(socket, compilePolicy({ trust: [] }))]).toEqual(before);
  expect(before).toEqual(["carrier-absent", "127.0.0.1"]);
});

test("a stream of a server that nobody wrapped answers for its connection, by the policy that it is asked with", async () => {
  const server = createServer();
  server.on("stream", (stream: ServerHttp2Stream) => {
    stream.respond({ ":status": 200 });
    stream.end(getClientIp(stream, compilePolicy({ trust: [] })));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  onTestFinished(() => {
    session.destroy();
    server.close();
  });
  let text = "";
  for await (const chunk of session.request(HEADERS)) text += String(chunk);
  expect(text).toBe("127.0.0.1");
});
