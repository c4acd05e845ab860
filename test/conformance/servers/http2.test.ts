import { once } from "node:events";
import {
  type ClientHttp2Session,
  connect,
  constants,
  createSecureServer,
  createServer,
  type Http2SecureServer,
  type Http2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from "node:http2";
import type { AddressInfo } from "node:net";
import { compilePolicy, type Policy } from "@wherefrom/core";
import { attach, getClient, getClientIp, hostOf, protocolOf, wherefrom } from "@wherefrom/net";
import { describe, expect, onTestFinished, test } from "vitest";
import { TLS_IDENTITY } from "../adapters/tls-identity.ts";

const policy = compilePolicy({
  trust: ["127.0.0.1"],
  from: "x-forwarded-for",
  origin: ["x-forwarded-proto", "x-forwarded-host"],
});

function answer(request: Http2ServerRequest, response: Http2ServerResponse): void {
  const resolution = getClient(request);
  const again = getClient(request) === resolution;
  const view = { ip: getClientIp(request), hops: resolution.hops.length, again };
  response.end(JSON.stringify({ ...view, protocol: protocolOf(resolution, request), host: hostOf(resolution) }));
}

const SERVERS = {
  h2c: { scheme: "http", create: (): Http2Server | Http2SecureServer => createServer(answer) },
  h2: {
    scheme: "https",
    create: (): Http2Server | Http2SecureServer => createSecureServer({ ...TLS_IDENTITY }, answer),
  },
} as const;

async function open(kind: keyof typeof SERVERS, under: Policy | undefined): Promise<ClientHttp2Session> {
  const server = SERVERS[kind].create();
  if (under !== undefined) wherefrom(server, under);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const session = connect(`${SERVERS[kind].scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`, {
    rejectUnauthorized: false,
  });
  onTestFinished(() => {
    session.destroy();
    server.close();
  });
  await once(session, "connect");
  return session;
}

async function ask(session: ClientHttp2Session, headers: Record<string, string>): Promise<Record<string, unknown>> {
  const stream = session.request({ ":path": "/", ":authority": "app.example:8443", ...headers });
  stream.setEncoding("utf8");
  let body = "";
  for await (const chunk of stream) body += String(chunk);
  return JSON.parse(body) as Record<string, unknown>;
}

describe.each(["h2c", "h2"] as const)("%s", (kind) => {
  test("two streams of one session have each their own client", async () => {
    const session = await open(kind, policy);
    const answers = await Promise.all(
      ["203.0.113.7", "203.0.113.8", "203.0.113.66, 2001:db8::7"].map((list) =>
        ask(session, { "x-forwarded-for": list }),
      ),
    );
    expect(answers.map(({ ip }) => ip)).toEqual(["203.0.113.7", "203.0.113.8", "2001:db8::7"]);
    expect(answers.map(({ hops, again }) => [hops, again])).toEqual(Array(3).fill([2, true]));
  });

  test("a stream without the proxy's header has no client", async () => {
    const answer = await ask(await open(kind, policy), {});
    expect(answer).toMatchObject({ hops: 1 });
    expect(answer["ip"]).toBeUndefined();
  });

  test("a header from an untrusted peer never changes the client", async () => {
    const session = await open(kind, compilePolicy({ trust: [] }));
    expect(await ask(session, { "x-forwarded-for": "203.0.113.66" })).toMatchObject({ ip: "127.0.0.1", hops: 1 });
  });

  test("protocol and host are the believed proxy's, else the connection's and :authority", async () => {
    const session = await open(kind, policy);
    const told = {
      "x-forwarded-for": "203.0.113.7",
      "x-forwarded-proto": "gopher, https",
      "x-forwarded-host": "evil.example, shop.example",
    };
    expect(await ask(session, told)).toMatchObject({ protocol: "https", host: "shop.example" });
    expect(await ask(session, {})).toMatchObject({ protocol: SERVERS[kind].scheme, host: "app.example:8443" });
  });
});

test("over TLS the protocol is https, also when the client has cancelled its stream", async () => {
  const server = createSecureServer(TLS_IDENTITY);
  const late = new Promise<unknown>((settle) => {
    server.on("request", (request) => {
      const before = protocolOf(getClient(request), request);
      request.stream.on("error", () => {});
      request.stream.on("close", () =>
        setImmediate(() => settle([before, protocolOf(getClient(request), request), getClientIp(request)])),
      );
      stream.close(constants.NGHTTP2_CANCEL);
    });
  });
  wherefrom(server, policy).listen(0, "127.0.0.1");
  await once(server, "listening");
  const session = connect(`https://127.0.0.1:${(server.address() as AddressInfo).port}`, { rejectUnauthorized: false });
  onTestFinished(() => {
    session.destroy();
    server.close();
  });
  const stream = session.request({ ":path": "/", "x-forwarded-for": "203.0.113.7" }).on("error", () => {});
  expect(await late).toEqual(["https", "https", "203.0.113.7"]);
});

test("a stream without the compatibility API is asked with its headers and its session's socket", async () => {
  const server = createServer();
  server.on("stream", (stream, headers) => {
    const client = getClientIp({ headers, socket: stream.session!.socket }, policy);
    stream.respond({ ":status": 200 });
    stream.end(JSON.stringify({ client }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  onTestFinished(() => {
    session.destroy();
    server.close();
  });
  expect(await ask(session, { "x-forwarded-for": "203.0.113.7" })).toEqual({ client: "203.0.113.7" });
});

test("a request of an unwrapped server may be attached", async () => {
  const server = createServer((request, response) => {
    attach(request, policy);
    answer(request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  onTestFinished(() => {
    session.destroy();
    server.close();
  });
  expect(await ask(session, { "x-forwarded-for": "203.0.113.7" })).toMatchObject({ ip: "203.0.113.7", again: true });
});
