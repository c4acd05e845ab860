import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { createServer as createHttpsServer } from "node:https";
import { compilePolicy, type PolicyOptions } from "@wherefrom/core";
import { getClient, proxyStatus, REFUSED_CHANNEL, type Refusal, type ServerOptions, wherefrom } from "@wherefrom/net";
import { describe, expect, onTestFinished, test } from "vitest";
import { TLS_IDENTITY } from "../adapters/tls-identity.ts";

const BALANCER: PolicyOptions = { trust: ["127.0.0.1"], from: "proxy-protocol" };
/** 203.0.113.7:50182 to 198.51.100.10:443, TCP over IPv4. */
const HEADER = Buffer.from("0d0a0d0a000d0a515549540a2111000ccb007107c633640ac40601bb", "hex");
const GET = "GET / HTTP/1.1\r\nHost: app.example\r\nX-Forwarded-For: 203.0.113.66\r\nConnection: close\r\n\r\n";

async function listen(server: Server): Promise<Server> {
  wherefrom(server, compilePolicy(BALANCER), { proxyProtocol: "required" }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return server;
}

async function hold(server: Server): Promise<Socket> {
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1").on("error", () => {});
  onTestFinished(() => void socket.destroy());
  await expect.poll(() => proxyStatus(server)?.waiting).toBe(1);
  return socket;
}

async function read(socket: Socket): Promise<string> {
  let text = "";
  for await (const chunk of socket) text += String(chunk);
  return text.slice(text.indexOf("{"));
}

const told = (source: Parameters<typeof getClient>[0]): string => {
  const { client, stop, hops } = getClient(source);
  return JSON.stringify({ client: client?.address, stop, methods: hops.map(({ method }) => method) });
};
const PROVEN = { client: "203.0.113.7", stop: "untrusted-hop", methods: ["socket", "proxy-protocol"] };

const LATER: readonly (readonly [string, PolicyOptions, ServerOptions | undefined])[] = [
  ["the same one anew", BALANCER, { proxyProtocol: "required" }],
  [
    "one that does not name the balancer",
    { trust: ["127.0.0.99"], from: "proxy-protocol" },
    { proxyProtocol: "required" },
  ],
  ["one that reads a header", { trust: ["127.0.0.1"], from: "x-forwarded-for" }, undefined],
  ["one that believes nobody", { trust: [] }, undefined],
  ["the same without PROXY", BALANCER, { proxyProtocol: "off" }],
];

describe.each(LATER)("a connection that is held while %s replaces its policy", (_title, policy, options) => {
  test.each([
    ["net", (): Server => createServer((socket) => void socket.end(told(socket)))],
    ["http", (): Server => createHttpServer((request, response) => void response.end(told(request)))],
    ["https", (): Server => createHttpsServer(TLS_IDENTITY, (request, response) => void response.end(told(request)))],
  ] as const)("is let in and answered by its own (%s)", async (kind, create) => {
    const server = await listen(create());
    const socket = await hold(server);
    wherefrom(server, compilePolicy(policy), options);
    socket.write(HEADER);
    const over = kind === "https" ? connectTls({ socket, ca: TLS_IDENTITY.cert, servername: "localhost" }) : socket;
    if (kind !== "net") over.write(GET);
    expect(JSON.parse(await read(over))).toEqual(PROVEN);
  });
});

test("a connection that comes later has the later policy", async () => {
  const server = await listen(createServer((socket) => void socket.end(told(socket))));
  wherefrom(server, compilePolicy({ trust: [] }));
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  expect(JSON.parse(await read(socket))).toMatchObject({ client: "127.0.0.1" });
});

test("who is refused is told by the policy that refused it", async () => {
  const heard: Refusal[] = [];
  const hear = (message: unknown): void => void heard.push(message as Refusal);
  subscribe(REFUSED_CHANNEL, hear);
  onTestFinished(() => void unsubscribe(REFUSED_CHANNEL, hear));
  const server = await listen(createServer());
  const socket = await hold(server);
  wherefrom(server, compilePolicy({ trust: [] }));
  socket.end("no header\r\n");
  await expect.poll(() => heard.length).toBe(1);
  expect(heard[0]?.resolution).toMatchObject({ stop: "carrier-absent", client: undefined });
});
