import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { compilePolicy } from "@wherefrom/core";
import { getClient, getClientIp, wherefrom } from "@wherefrom/net";
import { expect, onTestFinished, test } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";

const policy = compilePolicy({ trust: ["127.0.0.1"], from: "x-forwarded-for" });
const LINES = "Host: app.example\r\nX-Forwarded-For: 203.0.113.7\r\n";
const WEB_SOCKET = `GET /ws HTTP/1.1\r\n${LINES}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n`;

async function reach(server: Server, text: string): Promise<Socket> {
  if (!server.listening) {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => void server.close());
  }
  const client = connect((server.address() as AddressInfo).port, "127.0.0.1").on("error", () => {});
  onTestFinished(() => void client.destroy());
  client.write(text);
  return client.resume();
}

const answersOf = (source: Socket | Duplex | IncomingMessage): readonly unknown[] => [
  getClientIp(source),
  getClient(source).method,
];
const PROVEN = ["203.0.113.7", "x-forwarded-for"];

// From Node 26 on, the listener gets a stream in the socket's place where the body is still to come.
test.each([
  ["without a body", ""],
  ["whose body comes later", "Content-Length: 5\r\n"],
  ["whose body comes in chunks", "Transfer-Encoding: chunked\r\n"],
])("a WebSocket %s is its request's, from its first moment to the end", async (_title, line) => {
  const server = wherefrom(createServer(), policy);
  const sockets = new WebSocketServer({ server });
  const seen: unknown[] = [];
  const closed = new Promise<void>((settle) => {
    sockets.on("connection", (session: WebSocket & { readonly _socket: Socket }, request) => {
      const socket = session._socket;
      for (const source of [socket, request, request.socket]) seen.push(answersOf(source));
      session.on("error", () => {});
      session.on("close", () => {
        for (const source of [socket, request, request.socket]) seen.push(answersOf(source));
        settle();
      });
    });
  });
  const client = await reach(server, `${WEB_SOCKET}${line}\r\n`);
  await once(client, "data");
  client.destroy();
  await closed;
  expect(seen).toEqual(Array(6).fill(PROVEN));
});

test.each(["upgrade", "connect"])(
  "a client that resets while '%s' is decided is known to who decides",
  async (event) => {
    const server = wherefrom(createServer(), policy);
    const late = new Promise<unknown>((settle) => {
      server.on(event, (request: IncomingMessage, socket: Duplex) => {
        socket.on("error", () => {});
        socket.once("close", () => settle([answersOf(socket), answersOf(request), answersOf(request.socket)]));
        socket.resume();
        client.resetAndDestroy();
      });
    });
    const client = await reach(
      server,
      event === "upgrade" ? `${WEB_SOCKET}\r\n` : `CONNECT x:80 HTTP/1.1\r\n${LINES}\r\n`,
    );
    expect(await late).toEqual([PROVEN, PROVEN, PROVEN]);
  },
);

test("a request that asks for an upgrade and is answered as a plain one is known as any other", async () => {
  const server = createServer((request, response) => void response.end(String(getClientIp(request))));
  const client = await reach(wherefrom(server, policy), `${WEB_SOCKET}\r\n`);
  const [reply] = (await once(client, "data")) as [Buffer];
  expect(String(reply)).toMatch(/203\.0\.113\.7$/m);
});
