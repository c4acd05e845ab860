import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, connect, createServer, type ListenOptions, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compilePolicy } from "@wherefrom/core";
import { createPeerMemory } from "@wherefrom/core/internal";
import { expect, onTestFinished, test } from "vitest";
import { amendConnection, connectionOf } from "./connection-of.ts";
import { getClient } from "../request/get-client.ts";

/** The first socket that a server accepts from what `reach` starts, as it is at 'connection'. */
async function accepted(at: ListenOptions, reach: (port: number) => void): Promise<Socket> {
  const server = createServer((socket) => void socket.on("error", () => {}));
  server.listen(at);
  await once(server, "listening");
  const connection = once(server, "connection") as Promise<[Socket]>;
  reach((server.address() as AddressInfo).port);
  const [socket] = await connection;
  onTestFinished(() => {
    socket.destroy();
    server.close();
  });
  return socket;
}

function keepOpen(socket: Socket): Socket {
  onTestFinished(() => void socket.destroy());
  return socket;
}

test("a TCP socket's peer is its address and port", async () => {
  let portOfClient = (): unknown => undefined;
  const socket = await accepted({ host: "127.0.0.1", port: 0 }, (port) => {
    const client = keepOpen(connect(port, "127.0.0.1"));
    portOfClient = () => client.localPort;
  });
  expect(connectionOf(socket)).toMatchObject({
    transport: "tcp",
    peer: "127.0.0.1",
    peerPort: portOfClient(),
    claims: [],
  });
  expect(connectionOf(socket)).toBe(connectionOf(socket));
});

test("what was read early outlives the connection; what is read late is nobody", async () => {
  const [early, late] = await Promise.all(
    [0, 1].map(() =>
      accepted({ host: "127.0.0.1", port: 0 }, (port) => {
        keepOpen(connect(port, "127.0.0.1"));
      }),
    ),
  );
  connectionOf(early!);
  for (const socket of [early!, late!]) {
    socket.destroy();
    await once(socket, "close");
  }
  expect(connectionOf(early!).peer).toBe("127.0.0.1");
  expect(connectionOf(late!)).toMatchObject({ transport: "tcp", peer: undefined, peerPort: undefined });
});

test("a client that resets right after connecting is TCP without an address, never a Unix socket", async () => {
  // The server's thread waits for the client's process, so that the connection is accepted after its reset.
  const socket = await accepted({ host: "127.0.0.1", port: 0 }, (port) => {
    const program = `const socket = require("node:net").connect(${port}, "127.0.0.1", () => socket.resetAndDestroy())`;
    expect(spawnSync(process.execPath, ["-e", program]).status).toBe(0);
  });
  expect(socket.remoteAddress).toBeUndefined();
  expect(connectionOf(socket)).toMatchObject({ transport: "tcp", peer: undefined });
  const policy = compilePolicy({
    trust: ["unix", "0.0.0.0/0", "::/0"],
    from: "x-forwarded-for",
    originIsPrivate: true,
  });
  expect(getClient({ socket, headers: { "x-forwarded-for": "203.0.113.66" } }, policy)).toMatchObject({
    client: undefined,
    nearest: undefined,
    stop: "no-peer",
  });
});

test("a Unix socket is one as long as its handle lives, and remembered as one afterwards", async () => {
  const directory = mkdtempSync(join(tmpdir(), "wherefrom-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const path = join(directory, "net.sock");
  const socket = await accepted({ path }, () => keepOpen(connect(path)));
  expect(connectionOf(socket)).toMatchObject({ transport: "unix", peer: undefined, peerPort: undefined });
  socket.destroy();
  await once(socket, "close");
  expect(connectionOf(socket).transport).toBe("unix");
});

test("an object with an address alone is a TCP connection from there", () => {
  const double = { remoteAddress: "2001:db8::7" };
  expect(connectionOf(double)).toMatchObject({ transport: "tcp", peer: "2001:db8::7", peerPort: undefined });
  expect(connectionOf(double)).toBe(connectionOf(double));
  expect(connectionOf({ remoteAddress: undefined })).toMatchObject({ transport: "tcp", peer: undefined });
});

test("what was remembered of a peer goes with its connection, and never to another peer's", () => {
  const connection = connectionOf({ remoteAddress: "192.0.2.1", remotePort: 7 });
  expect(amendConnection(connection, { claims: [] }).memory).toBe(connection.memory);
  expect(amendConnection(connection, { peer: "192.0.2.1" }).memory).toBe(connection.memory);
  for (const peer of ["192.0.2.2", undefined]) {
    const { memory } = amendConnection(connection, { peer });
    expect(memory).toEqual(createPeerMemory());
    expect(memory).not.toBe(connection.memory);
  }
});

test("a frozen object keeps nothing and answers all the same", () => {
  expect(connectionOf(Object.freeze({ remoteAddress: "192.0.2.1", remotePort: 7 }))).toMatchObject({
    peer: "192.0.2.1",
    peerPort: 7,
  });
});
