import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer as createHttpsServer, request as httpsRequest } from "node:https";
import { type AddressInfo, type ListenOptions, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Duplex } from "node:stream";
import { connect, createServer, type Server, TLSSocket } from "node:tls";
import { compilePolicy } from "@wherefrom/core";
import { addClaim, attach, connectionOf, getClient, getClientIp, wherefrom } from "@wherefrom/net";
import { expect, onTestFinished, test } from "vitest";
import { TLS_IDENTITY } from "./tls-identity.ts";

const nobody = compilePolicy({ trust: [] });

/** A client that knows our authority; it shows its certificate where it is told to. */
const CLIENT = { ca: TLS_IDENTITY.cert, servername: "localhost" } as const;
const SERVER = { ...TLS_IDENTITY, ca: TLS_IDENTITY.cert, requestCert: true, rejectUnauthorized: false } as const;

async function listen(server: Server, at: ListenOptions = { host: "127.0.0.1", port: 0 }): Promise<number> {
  server.listen(at);
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

async function secured(server: Server, reach: () => Socket): Promise<TLSSocket> {
  const connection = once(server, "secureConnection") as Promise<[TLSSocket]>;
  const client = reach().on("error", () => {});
  const [socket] = await connection;
  onTestFinished(() => {
    client.destroy();
    socket.destroy();
  });
  return socket.on("error", () => {});
}

test("a TLS socket answers what was kept on the socket under it, also when both are gone", async () => {
  const raw: Socket[] = [];
  const server = wherefrom(createServer(SERVER), nobody).on("connection", (socket) => raw.push(socket));
  const port = await listen(server);
  const socket = await secured(server, () => connect({ port, host: "127.0.0.1", ...CLIENT }));
  socket.destroy();
  await once(socket, "close");
  expect(connectionOf(socket)).toBe(connectionOf(raw[0]!));
  expect([getClientIp(socket), getClient(socket).stop]).toEqual(["127.0.0.1", "untrusted-hop"]);
});

test("a claim that was taken from the socket under it counts for the requests over TLS", async () => {
  const policy = compilePolicy({
    rules: [
      { peers: ["127.0.0.1"], says: "proxy-protocol" },
      { peers: ["192.0.2.0/24"], says: "x-forwarded-for" },
    ],
  });
  const server = wherefrom(
    createHttpsServer(SERVER, (request, response) => void response.end(getClientIp(request))),
    policy,
  ).on("connection", (socket) =>
    addClaim(socket, {
      method: "proxy-protocol",
      format: "proxy-v2",
      raw: "",
      says: "address",
      endpoint: { address: "192.0.2.1", port: 4711 },
    }),
  );
  const port = await listen(server);
  expect(await get(port, {})).toBe("203.0.113.7");
});

test("a TLS socket over a Unix socket is one", async () => {
  const directory = mkdtempSync(join(tmpdir(), "wherefrom-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const path = join(directory, "tls.sock");
  const server = createServer(SERVER);
  await listen(server, { path });
  const socket = await secured(server, () => connect({ path, ...CLIENT }));
  expect(connectionOf(socket)).toMatchObject({ transport: "unix", peer: undefined });
});

test("a TLS socket over a stream of somebody's own answers for that stream", () => {
  const stream = Object.assign(new Duplex({ read() {}, write() {} }), { remoteAddress: "192.0.2.1", remotePort: 7 });
  const socket = new TLSSocket(stream as unknown as Socket, { ...SERVER, isServer: true });
  onTestFinished(() => void socket.destroy());
  expect(connectionOf(socket)).toMatchObject({ transport: "tcp", peer: "192.0.2.1", peerPort: 7 });
});

test("a rule that demands a certificate believes the peer that showed one, and nobody else at the same address", async () => {
  const policy = compilePolicy({ trust: ["127.0.0.1"], from: "x-forwarded-for", with: { certificate: "authorized" } });
  const server = createHttpsServer(SERVER, (request, response) => {
    attach(request, policy);
    response.end(getClientIp(request));
  });
  const port = await listen(server);
  expect(await get(port, TLS_IDENTITY)).toBe("203.0.113.7");
  expect(await get(port, {})).toBe("127.0.0.1");
});

test("a certificate that comes with the handshake is not missed by who asked before it", async () => {
  const policy = compilePolicy({ trust: ["127.0.0.1"], from: "x-forwarded-for", with: { certificate: "authorized" } });
  const server = wherefrom(createServer(SERVER), policy);
  const asked: { readonly socket: TLSSocket; readonly stop: string }[] = [];
  // Keys are logged while the handshake is under way.
  server.on("keylog", (_line, socket) => asked.push({ socket, stop: getClient(socket).stop }));
  const port = await listen(server);
  const socket = await secured(server, () => connect({ port, host: "127.0.0.1", ...CLIENT, ...TLS_IDENTITY }));
  expect(asked[0]).toEqual({ socket, stop: "untrusted-hop" });
  // It is believed now, and has not said anything yet.
  expect(getClient(socket).stop).toBe("carrier-absent");
});

test("after an upgrade over TLS the socket answers what its request answered", async () => {
  const policy = compilePolicy({ trust: ["127.0.0.1"], from: "x-forwarded-for" });
  const server = wherefrom(createHttpsServer(SERVER), policy);
  server.on("upgrade", (_request, socket) => socket.end(`upgraded ${getClientIp(socket)}`));
  const port = await listen(server);
  const client = connect({ port, host: "127.0.0.1", ...CLIENT });
  client.write(
    "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: chat\r\nX-Forwarded-For: 203.0.113.7\r\n\r\n",
  );
  const [reply] = (await once(client, "data")) as [Buffer];
  expect(String(reply)).toBe("upgraded 203.0.113.7");
});

async function get(port: number, identity: { readonly key?: string; readonly cert?: string }): Promise<string> {
  const request = httpsRequest({
    port,
    host: "127.0.0.1",
    ...CLIENT,
    ...identity,
    agent: false,
    headers: { "X-Forwarded-For": "203.0.113.7" },
  }).end();
  const [response] = (await once(request, "response")) as [AsyncIterable<Buffer>];
  let body = "";
  for await (const part of response) body += String(part);
  return body;
}
