import { fork } from "node:child_process";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { compilePolicy } from "@wherefrom/core";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { getClientIp } from "../request/get-client.ts";
import { REFUSED_CHANNEL } from "./refusal.ts";
import { proxyStatus } from "./server.ts";
import { wherefrom } from "../wherefrom.ts";

const policy = compilePolicy({ trust: ["127.0.0.1"], from: "proxy-protocol" });
const LINE = "PROXY TCP4 203.0.113.7 198.51.100.10 50182 443\r\n";

async function listen<S extends Server>(server: S): Promise<S> {
  wherefrom(server, policy, { proxyProtocol: "required" }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return server;
}

async function dial(server: Server, bytes: string): Promise<Socket> {
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1").on("error", () => {});
  onTestFinished(() => void socket.destroy());
  await once(socket, "connect");
  socket.write(bytes);
  return socket;
}

const isHeld = async (server: Server, count: number): Promise<void> =>
  vi.waitFor(() => expect(proxyStatus(server)?.waiting).toBe(count));

const countOf = async (server: Server): Promise<number> =>
  new Promise((resolve, reject) => server.getConnections((error, count) => (error ? reject(error) : resolve(count))));

describe("a connection whose header is awaited", () => {
  test("is closed by closeAllConnections(), which is no refusal", async () => {
    const server = await listen(createHttpServer());
    const refused: unknown[] = [];
    const note = (message: unknown): void => void refused.push(message);
    subscribe(REFUSED_CHANNEL, note);
    onTestFinished(() => void unsubscribe(REFUSED_CHANNEL, note));
    await dial(server, "PROXY ");
    await isHeld(server, 1);
    server.closeAllConnections();
    await vi.waitFor(async () => expect(await countOf(server)).toBe(0));
    expect([proxyStatus(server), refused]).toEqual([{ waiting: 0, accepted: 0, omitted: 0, refused: {} }, []]);
  });

  test("counts in getConnections and maxConnections", async () => {
    const server = await listen(createServer());
    server.maxConnections = 1;
    await dial(server, "PROXY ");
    await isHeld(server, 1);
    expect(await countOf(server)).toBe(1);
    const dropped = once(server, "drop");
    const second = await dial(server, LINE);
    await dropped;
    await once(second, "close");
  });

  test("is waited for by close(), and its server still sees it", async () => {
    const server = await listen(createServer());
    const socket = await dial(server, "PROXY ");
    await isHeld(server, 1);
    const closed = once(server, "close");
    server.close();
    const seen = once(server, "connection") as Promise<[Socket]>;
    socket.write(LINE.slice("PROXY ".length));
    const [accepted] = await seen;
    expect(getClientIp(accepted)).toBe("203.0.113.7");
    accepted.destroy();
    await closed;
  });
});

describe("a server with pauseOnConnect", () => {
  test.each([
    ["in one segment", [`${LINE}first bytes`]],
    ["in pieces", ["PRO", "XY TCP4 203.0.113.7 198.51.1", "00.10 50182 443\r", "\nfirst", " bytes"]],
  ])(
    "passes a connection to another process, which reads every byte behind the header (%s)",
    async (_title, pieces) => {
      const child = fork(new URL("../../test/handle-reader.mjs", import.meta.url), { execArgv: [] });
      onTestFinished(() => void child.kill());
      await once(child, "message");
      const server = await listen(createServer({ pauseOnConnect: true }));
      const seen = once(server, "connection") as Promise<[Socket]>;
      const socket = await dial(server, pieces[0] as string);
      for (const piece of pieces.slice(1)) {
        await new Promise((resolve) => setTimeout(resolve, 20));
        socket.write(piece);
      }
      const [accepted] = await seen;
      expect([accepted.isPaused(), accepted.bytesRead, getClientIp(accepted)]).toEqual([true, 0, "203.0.113.7"]);
      child.send("yours", accepted);
      socket.end(", and more");
      expect(await text(socket)).toBe("first bytes, and more");
    },
  );

  test.each([
    ["bytes that are no header", "GET / HTTP/1.1\r\n\r\n", "not-proxy"],
    ["an end before the header is whole", "PROXY TCP4", "ended"],
  ])("refuses %s", async (_title, bytes, reason) => {
    const server = await listen(createServer({ pauseOnConnect: true }));
    const socket = await dial(server, bytes);
    socket.end().resume();
    await vi.waitFor(() => expect(proxyStatus(server)?.refused).toEqual({ [reason]: 1 }));
  });
});
