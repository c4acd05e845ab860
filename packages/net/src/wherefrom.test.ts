import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import {
  type AddressInfo,
  connect,
  createServer as createTcpServer,
  type Server as TcpServer,
  type Socket,
} from "node:net";
import { compilePolicy, WherefromError } from "@wherefrom/core";
import { expect, onTestFinished, test } from "vitest";
import { attach } from "./request/attach.ts";
import { getClient, getClientIp } from "./request/get-client.ts";
import { CONNECTION, type Kept } from "./connection/kept.ts";
import { HANDOVER_CHANNEL } from "./request/upgrade.ts";
import { wherefrom } from "./wherefrom.ts";

const policy = compilePolicy({ trust: ["127.0.0.1"], from: "x-forwarded-for" });
const nobody = compilePolicy({ trust: [] });

async function reach(server: TcpServer, text: string): Promise<Socket> {
  if (!server.listening) {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => void server.close());
  }
  const client = connect((server.address() as AddressInfo).port, "127.0.0.1").on("error", () => {});
  onTestFinished(() => void client.destroy());
  client.write(text);
  return client;
}

const UPGRADE =
  "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: chat\r\nX-Forwarded-For: 203.0.113.7\r\n\r\n";
const CONNECT = "CONNECT x:80 HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.113.7\r\n\r\n";

/** An HTTP server whose requests are answered with 200 and the client. */
function plainServer(): Server {
  return wherefrom(
    createServer((request, response) => {
      response.setHeader("connection", "close");
      response.end(`plain ${getClientIp(request)}`);
    }),
    policy,
  );
}

async function replyTo(server: Server, text: string): Promise<string> {
  const client = await reach(server, text);
  let reply = "";
  client.setEncoding("utf8").on("data", (part: string) => (reply += part));
  await once(client, "close");
  return reply;
}

test("the sockets of a wrapped TCP server need no argument, and stay known when they are gone", async () => {
  const server = wherefrom(createTcpServer(), nobody);
  const accepted = once(server, "connection") as Promise<[Socket]>;
  await reach(server, "hello");
  const [socket] = await accepted;
  const resolution = getClient(socket);
  expect(resolution).toMatchObject({
    client: { address: "127.0.0.1", port: socket.remotePort },
    stop: "untrusted-hop",
  });
  socket.destroy();
  await once(socket, "close");
  expect(getClientIp(socket)).toBe("127.0.0.1");
  expect(getClient(socket)).toBe(resolution);
});

test("a server without a compiled policy is refused", () => {
  for (const value of [undefined, { trust: [] }]) {
    expect(() => wherefrom(createServer(), value as never)).toThrow(WherefromError);
  }
});

test("a server that is wrapped again has the later policy for its later connections", async () => {
  const server = wherefrom(createTcpServer(), policy);
  expect(server.listenerCount("connection")).toBe(wherefrom(server, nobody).listenerCount("connection"));
  const accepted = once(server, "connection") as Promise<[Socket]>;
  await reach(server, "hello");
  const [socket] = await accepted;
  expect(getClientIp(socket)).toBe("127.0.0.1");
});

test("a connection that was there before its server was wrapped is answered under the server's policy", async () => {
  const server = createServer((request, response) => {
    response.setHeader("connection", "close");
    response.end(`${getClientIp(request)} ${getClient(request).stop}`);
  });
  const accepted = once(server, "connection") as Promise<[Socket]>;
  const client = await reach(server, "");
  const [socket] = await accepted;
  expect(() => getClientIp(socket)).toThrow(expect.objectContaining({ code: "ERR_WHEREFROM_NO_POLICY" }));
  wherefrom(server, policy);
  let reply = "";
  client.setEncoding("utf8").on("data", (part: string) => (reply += part));
  client.write("GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.113.7\r\n\r\n");
  await once(client, "close");
  expect(reply).toMatch(/\r\n\r\n203\.0\.113\.7 untrusted-hop$/);
});

test("our listener comes before those that were there", async () => {
  let seen: unknown;
  const server = createTcpServer((socket) => (seen = (socket as Kept)[CONNECTION]));
  wherefrom(server, nobody);
  await reach(server, "hello");
  await once(server, "connection");
  expect(seen).toMatchObject({ peer: "127.0.0.1" });
});

test("after the first attached request of a server that nobody wrapped, connections are read when they are accepted", async () => {
  const server = createServer((request, response) => {
    attach(request, policy);
    response.end();
  });
  const read: boolean[] = [];
  server.on("connection", (socket: Kept) => read.push(socket[CONNECTION] !== undefined));
  for (const _ of [1, 2, 3]) await replyTo(server, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  expect(read).toEqual([false, true, true]);
  expect(server.listenerCount("connection")).toBe(createServer().listenerCount("connection") + 2);
});

test("a server that nobody asked for upgrades goes on answering them as plain requests", async () => {
  const server = plainServer();
  expect(server.listenerCount("upgrade")).toBe(0);
  expect(await replyTo(server, UPGRADE)).toContain("plain 203.0.113.7");
});

test("a CONNECT that nobody listens for ends its connection without a word, and is told", async () => {
  const heard: unknown[] = [];
  const hear = (message: unknown): void => void heard.push(message);
  subscribe(HANDOVER_CHANNEL, hear);
  onTestFinished(() => void unsubscribe(HANDOVER_CHANNEL, hear));
  expect(await replyTo(plainServer(), CONNECT)).toBe("");
  expect(heard).toMatchObject([{ event: "connect", request: { method: "CONNECT", url: "x:80" } }]);
});

test.each([
  ["upgrade", UPGRADE],
  ["connect", CONNECT],
])("after '%s' the socket answers what its request answered", async (event, text) => {
  const server = plainServer();
  server.on(event, (request: IncomingMessage, socket: Socket) => {
    socket.end(`${event} ${getClientIp(socket)} ${getClient(socket) === getClient(request)}`);
  });
  expect(await replyTo(server, text)).toBe(`${event} 203.0.113.7 true`);
});

test("a listener that was there before the server was wrapped is served too, and one that listens once", async () => {
  const server = createServer();
  server.once("upgrade", (_request, socket) => socket.end(`once ${getClientIp(socket)}`));
  expect(await replyTo(wherefrom(server, policy), UPGRADE)).toBe("once 203.0.113.7");
  expect(server.listenerCount("upgrade")).toBe(0);
});

test("when the last listener for upgrades goes, ours goes with it", async () => {
  const server = plainServer();
  const refuse = (_request: IncomingMessage, socket: { destroy(): unknown }): void => void socket.destroy();
  server.on("upgrade", refuse).on("upgrade", refuse);
  expect(server.listenerCount("upgrade")).toBe(3);
  server.off("upgrade", refuse);
  expect(server.listenerCount("upgrade")).toBe(2);
  server.removeAllListeners("upgrade");
  expect(server.listenerCount("upgrade")).toBe(0);
  expect(await replyTo(server, UPGRADE)).toContain("plain");
});

test("stale ranges are said once, as a process warning with a code", async () => {
  const warned: Error[] = [];
  const note = (warning: Error): void => void warned.push(warning);
  process.on("warning", note);
  onTestFinished(() => void process.off("warning", note));
  const ranges = { source: "edges.txt", asOf: "2020-01-01", prefixes: ["198.51.100.0/24"] };
  const stale = compilePolicy({ rules: [{ peers: ranges.prefixes, ranges, says: "x-real-ip" }] });
  for (let server = 0; server < 2; server++) wherefrom(createServer(), stale);
  await new Promise((done) => setImmediate(done));
  expect(warned.map((warning) => [warning.name, (warning as Error & { code?: string }).code])).toEqual([
    ["WherefromWarning", "stale-ranges"],
  ]);
});
