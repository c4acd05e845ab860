import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { connect as connectHttp2, createServer as createHttp2Server, type ServerHttp2Stream } from "node:http2";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { connect as connectTls, createServer as createTlsServer } from "node:tls";
import { compilePolicy } from "@wherefrom/core";
import { getClientIp, wherefrom } from "@wherefrom/net";
import { describe, expect, onTestFinished, test } from "vitest";
import { TLS_IDENTITY } from "../adapters/tls-identity.ts";

const policy = compilePolicy({ trust: ["127.0.0.1", "unix"], from: "proxy-protocol" });
/** 203.0.113.7:50182 to 198.51.100.10:443, TCP over IPv4. */
const HEADER = Buffer.from("0d0a0d0a000d0a515549540a2111000ccb007107c633640ac40601bb", "hex");
const CLIENT = ["203.0.113.7", 50_182, "IPv4", "203.0.113.7"];
const GET = "GET / HTTP/1.1\r\nHost: app.example\r\n\r\n";

interface Named {
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
  readonly remoteFamily?: string | undefined;
}
const named = (socket: Named & Duplex): readonly unknown[] => [
  socket.remoteAddress,
  socket.remotePort,
  socket.remoteFamily,
  getClientIp(socket),
];

/** Where it listens: TCP, or a Unix socket. */
async function listen(server: Server, isUnix: boolean): Promise<() => Socket> {
  wherefrom(server, policy, { proxyProtocol: "required" });
  const directory = isUnix ? mkdtempSync(join(tmpdir(), "wherefrom-late-")) : undefined;
  const path = directory === undefined ? undefined : join(directory, "s");
  server.listen(path === undefined ? { port: 0, host: "127.0.0.1" } : { path });
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    if (directory !== undefined) rmSync(directory, { recursive: true });
  });
  return () => {
    const socket = path === undefined ? connect((server.address() as AddressInfo).port, "127.0.0.1") : connect(path);
    socket.on("error", () => {});
    onTestFinished(() => void socket.destroy());
    socket.write(HEADER);
    return socket;
  };
}

/** `once` would be ended by an error. */
const closed = (socket: Socket): Promise<unknown> => new Promise((settle) => socket.once("close", settle));

/** How a client leaves. A Unix socket knows no reset. */
const LEAVES = [
  ["closes", (socket: Socket) => void socket.end()],
  [
    "resets",
    (socket: Socket) => void (socket.remoteFamily === undefined ? socket.destroy() : socket.resetAndDestroy()),
  ],
] as const;

describe.each([
  ["TCP", false],
  ["a Unix socket", true],
] as const)("behind PROXY on %s", (_name, isUnix) => {
  describe.each(LEAVES)("a client that %s is named", (_title, leave) => {
    test("by its socket at 'close', asked for the first time", async () => {
      const server = createServer({ allowHalfOpen: false }, (socket) => {
        socket.resume().on("error", () => {});
        leave(client);
      });
      const reach = await listen(server, isUnix);
      const accepted = once(server, "connection") as Promise<[Socket]>;
      const client = reach();
      const [socket] = await accepted;
      await closed(socket);
      expect(named(socket)).toEqual(CLIENT);
    });

    test("by a TLS socket at 'close', asked for the first time", async () => {
      const server = createTlsServer(TLS_IDENTITY, (socket) => {
        socket.resume().on("error", () => {});
        leave(raw);
      });
      const reach = await listen(server, isUnix);
      const accepted = once(server, "secureConnection") as Promise<[Socket]>;
      const raw = reach();
      connectTls({ socket: raw, rejectUnauthorized: false }).on("error", () => {});
      const [socket] = await accepted;
      await closed(socket);
      expect(named(socket)).toEqual(CLIENT);
    });

    test("by its request at 'close' of the response", async () => {
      const server = createHttpServer();
      const late = new Promise<unknown>((settle) => {
        server.on("request", (request, response) => {
          response.on("close", () => settle([...named(request.socket), getClientIp(request)]));
          leave(client);
        });
      });
      const reach = await listen(server, isUnix);
      const client = reach();
      client.write(GET);
      expect(await late).toEqual([...CLIENT, "203.0.113.7"]);
    });

    test("by the socket of an HTTP/2 request whose stream is closed", async () => {
      const server = createHttp2Server();
      const late = new Promise<unknown>((settle) => {
        server.on("request", ({ socket, stream }) => {
          stream.on("error", () => {});
          stream.on("close", () =>
            setImmediate(() => settle([named(socket), getClientIp(stream as ServerHttp2Stream)])),
          );
          leave(client);
        });
      });
      const reach = await listen(server, isUnix);
      const client = reach();
      const session = connectHttp2("http://app.example", { createConnection: () => client }).on("error", () => {});
      onTestFinished(() => session.destroy());
      session.request({ ":path": "/" }).on("error", () => {});
      expect(await late).toEqual([CLIENT, "203.0.113.7"]);
    });
  });

  test("by the socket of a 'clientError'", async () => {
    const server = createHttpServer();
    const failed = once(server, "clientError") as Promise<[Error, Socket]>;
    const reach = await listen(server, isUnix);
    reach().write("nonsense\r\n\r\n");
    const [, socket] = await failed;
    expect(named(socket)).toEqual(CLIENT);
    socket.destroy();
    await closed(socket);
    expect(named(socket)).toEqual(CLIENT);
  });

  test.each([
    ["tls", (): Server => createTlsServer(TLS_IDENTITY)],
    ["https", (): Server => createHttpsServer(TLS_IDENTITY)],
  ] as const)("by the socket of a 'tlsClientError' (%s)", async (_kind, create) => {
    const server = create();
    const failed = once(server, "tlsClientError") as Promise<[Error, Socket]>;
    (await listen(server, isUnix))().write(GET);
    const [, socket] = await failed;
    expect(named(socket)).toEqual(CLIENT);
  });
});

test("the socket of a 'clientError' that a reset is names the client behind PROXY", async () => {
  const server = createHttpServer();
  const failed = once(server, "clientError") as Promise<[Error, Socket]>;
  const accepted = once(server, "connection");
  const client = (await listen(server, false))();
  await accepted;
  client.resetAndDestroy();
  const [, socket] = await failed;
  expect(named(socket)).toEqual(CLIENT);
  socket.destroy();
});

test("without PROXY a Unix socket goes on having no address", async () => {
  const directory = mkdtempSync(join(tmpdir(), "wherefrom-late-"));
  const server = wherefrom(createServer(), policy).listen(join(directory, "s"));
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    rmSync(directory, { recursive: true });
  });
  const accepted = once(server, "connection") as Promise<[Socket]>;
  const client = connect(join(directory, "s"));
  const [socket] = await accepted;
  expect(named(socket)).toEqual([undefined, undefined, undefined, undefined]);
  socket.resume();
  client.end();
  await closed(socket);
  expect(named(socket)).toEqual([undefined, undefined, undefined, undefined]);
});
