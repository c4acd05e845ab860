import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { descriptorOf } from "./descriptor.ts";
import { loadSockopt } from "./native.ts";

async function openConnection(): Promise<{ readonly client: Socket; readonly socket: Socket }> {
  const server = createServer({ allowHalfOpen: true }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const accepted = once(server, "connection") as Promise<[Socket]>;
  const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
  const [socket] = await accepted;
  onTestFinished(() => void (client.destroy() && socket.destroy()));
  return { client, socket };
}

test("a socket that was destroyed has no descriptor in the same tick", async () => {
  const { socket } = await openConnection();
  expect(descriptorOf(socket)).toBeGreaterThan(0);
  socket.destroy();
  expect(descriptorOf(socket)).toBeUndefined();
});

test("a socket that the peer has reset has none when that is told", async () => {
  const { client, socket } = await openConnection();
  const broken = once(socket, "error");
  client.resetAndDestroy();
  socket.resume();
  await broken;
  expect(descriptorOf(socket)).toBeUndefined();
});

test.skipIf(loadSockopt() === undefined)("a half-closed socket has its own, and its peer is still there", async () => {
  const { client, socket } = await openConnection();
  socket.resume();
  client.end();
  await once(socket, "end");
  const fd = descriptorOf(socket) as number;
  const sockopt = loadSockopt();
  expect(sockopt?.readAccepted(fd, 0)).toBe(20);
  expect(Buffer.from(sockopt!.buffer).readUInt16BE(2)).toBe(client.localPort);
});

test.each([
  ["a handle that libuv has closed (a negative errno)", { _handle: { fd: -22 } }],
  ["a handle without a number", { _handle: {} }],
  ["no handle any more", { _handle: null }],
  ["somebody's own stream", {}],
])("%s has no descriptor", (_title, holder) => {
  expect(descriptorOf(holder)).toBeUndefined();
});
