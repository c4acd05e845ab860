import { createSocket as createPlain, type Socket } from "node:dgram";
import { once } from "node:events";
import { BlockList } from "node:net";
import { compilePolicy } from "@wherefrom/core";
import type { SocketCalls } from "@wherefrom/native";
import type { ClientSocketOptions } from "./socket-options.ts";
import { describe, expect, onTestFinished, test } from "vitest";
import { createSocket, type UdpSocket, udpStatus } from "./create-socket.ts";
import { handleOf } from "./dgram-internals.ts";
import { loadSockopt, loadUdp } from "./native.ts";

const HAS_ADDON = typeof loadUdp() !== "string";
const NOBODY = compilePolicy({ trust: [] });
const REBINDS = 100;
/** Linux: include/uapi/linux/in.h. */
const IPPROTO_IP = 0;
const IP_RECVERR = 11;

const open = (options: ClientSocketOptions | "udp4" | "udp6" = "udp4"): UdpSocket => createSocket(options, NOBODY);

async function bound<Kind extends UdpSocket | Socket>(socket: Kind, port = 0, host = "127.0.0.1"): Promise<Kind> {
  socket.bind(port, host);
  await once(socket as never, "listening");
  onTestFinished(() => closeQuietly(socket));
  return socket;
}

function closeQuietly(socket: UdpSocket | Socket): void {
  try {
    socket.close();
  } catch {
    // It was closed by the test.
  }
}

/** A port of 127.0.0.1 that nobody has. */
async function freePort(): Promise<number> {
  const socket = createPlain("udp4").bind(0, "127.0.0.1");
  await once(socket, "listening");
  const { port } = socket.address();
  const closed = once(socket, "close");
  socket.close();
  await closed;
  return port;
}

const say = (from: Socket, text: string, to: UdpSocket): void =>
  from.send(text, to.address().port, to.address().address);

describe("a connected socket hears its peer again", () => {
  test.each([1, 5])("after %i ICMP errors, each of which is told", async (refusals) => {
    const port = await freePort();
    const socket = await bound(open());
    const told: string[] = [];
    socket.on("error", (error) => told.push((error as NodeJS.ErrnoException).code as string));
    socket.on("message", (payload) => told.push(String(payload)));
    socket.connect(port, "127.0.0.1");
    await once(socket as never, "connect");
    for (let n = 1; n <= refusals; n++) {
      // An error that a send is told of instead is not told again.
      while (told.length < n) {
        socket.send("anybody?", () => {});
        await new Promise((resolve) => {
          setTimeout(resolve, 5);
        });
      }
    }
    told.length = 0;
    const peer = await bound(createPlain("udp4"), port);
    for (let n = 0; n < 5; n++) say(peer, `${n}`, socket);
    await expect.poll(() => told.filter((each) => each !== "ECONNREFUSED")).toEqual(["0", "1", "2", "3", "4"]);
  });

  test("an error that nobody listens to is thrown, as by node:dgram, and the socket goes on", async () => {
    const port = await freePort();
    const socket = await bound(open());
    socket.connect(port, "127.0.0.1");
    await once(socket as never, "connect");
    const thrown: unknown[] = [];
    const listeners = process.listeners("uncaughtException");
    process.removeAllListeners("uncaughtException").on("uncaughtException", (error) => thrown.push(error));
    socket.send("anybody?");
    await expect.poll(() => thrown.length).toBe(1);
    process.removeAllListeners("uncaughtException");
    for (const listener of listeners) process.on("uncaughtException", listener);
    expect(thrown[0]).toMatchObject({ code: "ECONNREFUSED", syscall: "recvmsg" });
    const received = once(socket as never, "message");
    say(await bound(createPlain("udp4"), port), "here", socket);
    expect(String((await received)[0])).toBe("here");
  });
});

test.runIf(HAS_ADDON)(
  "a socket whose maker has asked for a queue of errors (IP_RECVERR) hears everybody after one of them",
  async () => {
    const port = await freePort();
    const socket = await bound(open());
    const errors: unknown[] = [];
    socket.on("error", (error) => errors.push((error as NodeJS.ErrnoException).code));
    const fd = handleOf(socket as never)?.fd as number;
    expect((loadSockopt() as SocketCalls).setSockopt(fd, IPPROTO_IP, IP_RECVERR, 1)).toBe(0);
    socket.send("anybody?", port, "127.0.0.1");
    await expect.poll(() => errors).toContain("ECONNREFUSED");
    const received = once(socket as never, "message");
    say(await bound(createPlain("udp4")), "here", socket);
    expect(String((await received)[0])).toBe("here");
  },
);

describe("when 'close' is told, the address is free", () => {
  test.each<[title: string, close: (socket: UdpSocket, then: () => void) => void]>([
    ["close(callback)", (socket, then) => void socket.close(then)],
    ["'close'", (socket, then) => (socket.on("close", then as never), socket.close())],
    [
      "Symbol.asyncDispose",
      (socket, then) => void (socket as unknown as AsyncDisposable)[Symbol.asyncDispose]().then(then),
    ],
  ])(`${REBINDS} of ${REBINDS} times: %s`, async (_title, close) => {
    const port = await freePort();
    let bound = 0;
    for (let round = 0; round < REBINDS; round++) {
      const socket = open();
      socket.on("listening", () => bound++);
      await new Promise<void>((resolve, reject) => {
        socket.on("error", reject);
        socket.bind(port, "127.0.0.1", () => close(socket, resolve));
      });
    }
    expect(bound).toBe(REBINDS);
  });

  test("after an AbortSignal, and in the midst of a batch", async () => {
    const port = await freePort();
    const controller = new AbortController();
    const aborted = await bound(open({ type: "udp4", signal: controller.signal }), port);
    const closed = once(aborted as never, "close");
    controller.abort();
    await closed;
    const busy = await bound(open(), port);
    const sender = await bound(createPlain("udp4"));
    busy.on("message", () => closeQuietly(busy));
    for (let n = 0; n < 10; n++) say(sender, "x", busy);
    await once(busy as never, "close");
    const next = await bound(createPlain("udp4"), port);
    expect(next.address().port).toBe(port);
  });
});

describe("what node:dgram does with its options, is done", () => {
  test("a signal that was aborted before closes the socket at once", async () => {
    const socket = open({ type: "udp4", signal: AbortSignal.abort() });
    await once(socket as never, "close");
    expect(udpStatus(socket)?.receiver).toBe("node:dgram, because the socket is closed");
    expect(() => socket.bind(0)).toThrow(expect.objectContaining({ code: "ERR_SOCKET_DGRAM_NOT_RUNNING" }));
  });

  test("sizes of buffers, ipv6Only, reuseAddr and lookup are node:dgram's", async () => {
    const looked: string[] = [];
    const lookup = ((name: string, family: number, callback: (...values: unknown[]) => void) => {
      looked.push(`${name} ${family}`);
      process.nextTick(callback, null, "127.0.0.1", 4);
    }) as never;
    const options = { type: "udp4", reuseAddr: true, recvBufferSize: 100_000, sendBufferSize: 90_000, lookup } as const;
    const socket = await bound(open(options), 0, "front.test");
    const plain = await bound(createPlain(options), socket.address().port, "front.test");
    expect(looked.slice(0, 2)).toEqual(["front.test 4", "front.test 4"]);
    expect(socket.getRecvBufferSize()).toBe(plain.getRecvBufferSize());
    expect(socket.getSendBufferSize()).toBe(plain.getSendBufferSize());
    const six = await bound(open({ type: "udp6", ipv6Only: true }), 0, "::");
    await bound(createPlain("udp4"), six.address().port, "0.0.0.0");
  });

  test("listeners that are all taken away do not take the addon's with them", async () => {
    const socket = open();
    socket.removeAllListeners();
    await bound(socket);
    expect(udpStatus(socket)?.receiver.startsWith(HAS_ADDON ? "addon" : "node:dgram")).toBe(true);
    expect(socket.listenerCount("listening")).toBe(0);
  });
});

describe("receiveBlockList", () => {
  const list = new BlockList();
  list.addAddress("127.0.0.66");
  list.addSubnet("fe80::", 10, "ipv6");

  async function from(host: string): Promise<Socket> {
    return bound(createPlain("udp4"), 0, host);
  }

  test("drops what its sources send, also to a dual-stack socket, and counts it", async () => {
    for (const [type, host] of [
      ["udp4", "127.0.0.1"],
      ["udp6", "::"],
    ] as const) {
      const socket = await bound(open({ type, receiveBlockList: list }), 0, host);
      const received: string[] = [];
      socket.on("message", (_payload, { address }) => received.push(address));
      const senders = [await from("127.0.0.66"), await from("127.0.0.67")];
      for (const sender of senders) sender.send("x", socket.address().port, "127.0.0.1");
      await expect.poll(() => received).toEqual([type === "udp4" ? "127.0.0.67" : "::ffff:127.0.0.67"]);
      expect(udpStatus(socket)?.dropped).toEqual({ blocked: 1 });
    }
  });

  test("holds from the moment when an address is added", async () => {
    const growing = new BlockList();
    const socket = await bound(open({ type: "udp4", receiveBlockList: growing }));
    const received: string[] = [];
    socket.on("message", (payload) => {
      received.push(String(payload));
      growing.addAddress("127.0.0.66");
    });
    const [blocked, other] = [await from("127.0.0.66"), await from("127.0.0.67")];
    for (const text of ["1", "2", "3"]) say(blocked, text, socket);
    say(other, "4", socket);
    await expect.poll(() => received).toEqual(["1", "4"]);
  });

  test("what it drops is in no batch, and is remembered of no flow", async () => {
    const socket = await bound(open({ type: "udp4", receiveBlockList: list }));
    if (!HAS_ADDON) return;
    const seen: unknown[] = [];
    socket.receiveBatches((batch) => {
      for (let n = 0; n < batch.length; n++) seen.push([String(batch.payload(n)), batch.address(n), batch.clientIp(n)]);
    });
    const [blocked, other] = [await from("127.0.0.66"), await from("127.0.0.67")];
    for (let n = 0; n < 3; n++) {
      say(blocked, "blocked", socket);
      say(other, `${n}`, socket);
    }
    await expect.poll(() => seen).toEqual(["0", "1", "2"].map((text) => [text, "127.0.0.67", "127.0.0.67"]));
    expect(udpStatus(socket)?.dropped).toEqual({ blocked: 3 });
  });
});
