import { once } from "node:events";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { connect, createServer } from "node:net";
import { constants as os } from "node:os";
import { Worker } from "node:worker_threads";
import { expect, onTestFinished, test } from "vitest";
import { ADDON } from "../scripts/build.mjs";
import { descriptorOf } from "./connection.ts";
import { PEER_BYTES, TAP_NOT_SEEN } from "../numbers.js";
import { addon, describeUnless, WAYS } from "./ways.ts";

const { EBADF, EDOM, EINVAL, ENOTCONN } = os.errno;
const KINDS = Uint8Array.of(253, 254);
/** How many AF_PACKET sockets this process has, in all its threads. */
function packetSockets(): number {
  const inodes = readFileSync("/proc/net/packet", "utf8")
    .split("\n")
    .map((line) => line.trim().split(/\s+/).at(-1));
  const targets = readdirSync("/proc/self/fd").map((fd) => readLink(`/proc/self/fd/${fd}`));
  return targets.filter((target) => inodes.includes(/^socket:\[(\d+)\]$/.exec(target)?.[1] ?? "-")).length;
}

/** The descriptor with which the directory was read is gone by now. */
function readLink(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}

describeUnless(WAYS.addon.problem, "a tap", () => {
  const canTap = WAYS.addon.problem === undefined && addon().tap.probe() === 0;

  test.each<[title: string, port: unknown, packets: unknown, kinds: unknown, error: number]>([
    ["no port", 0, 7, KINDS, EDOM],
    ["a port that is none", 65_536, 7, KINDS, EDOM],
    ["no packets", 80, 0, KINDS, EDOM],
    ["packets that there are not", 80, 8, KINDS, EDOM],
    ["kinds in an array", 80, 7, [254], EDOM],
    ["kinds in bytes with signs", 80, 7, Int8Array.of(1), EDOM],
    ["no kinds", 80, 7, new Uint8Array(0), EINVAL],
    ["more kinds than one filter takes", 80, 7, new Uint8Array(17), EINVAL],
  ])("%s is refused", (_title, port, packets, kinds, error) => {
    expect(addon().tap.open(port as number, packets as number, kinds as Uint8Array)).toBe(-error);
  });

  test("a number that is no open tap's is EBADF", () => {
    for (const id of [-1, 0, 64, 65, 2 ** 40, Number.NaN, "1"]) {
      expect(addon().tap.find(id as number, 0, 0)).toBe(-EBADF);
      expect(addon().tap.lost(id as number)).toBe(-EBADF);
      expect(addon().tap.close(id as number)).toBe(-EBADF);
    }
  });

  test.each(["127.0.0.1", "::1", "::"])(
    "the kernel's table of sockets confirms a peer (listening on %s)",
    async (host) => {
      const server = createServer().listen(0, host);
      await once(server, "listening");
      const { port } = server.address() as { port: number };
      const client = connect(port, host === "::" ? "127.0.0.1" : host);
      const [socket] = await once(server, "connection");
      onTestFinished(() => void [server.close(), client.destroy(), socket.destroy()]);
      expect(addon().tap.confirmedPeer(descriptorOf(socket))).toBe(PEER_BYTES);
      const confirmed = Buffer.from(addon().sockets.buffer.subarray(0, 20));
      expect(confirmed.readUInt16BE(2)).toBe(client.localPort);
      expect(addon().sockets.readAccepted(descriptorOf(socket), 0)).toBe(PEER_BYTES);
      expect(Buffer.from(addon().sockets.buffer.subarray(0, 20))).toEqual(confirmed);
      expect(addon().tap.confirmedPeer(descriptorOf(server))).toBe(-ENOTCONN);
      expect(addon().tap.confirmedPeer(-1)).toBe(-EBADF);
    },
  );

  describeUnless(canTap ? undefined : "CAP_NET_RAW is missing", "with the right to it", () => {
    test("knows an accepted connection once, and then only what came since", async () => {
      const server = createServer().listen(0, "127.0.0.1");
      await once(server, "listening");
      const { port } = server.address() as { port: number };
      const tap = addon().tap.open(port, 7, KINDS);
      onTestFinished(() => void addon().tap.close(tap));
      const client = connect(port, "127.0.0.1");
      const [socket] = await once(server, "connection");
      onTestFinished(() => void [server.close(), client.destroy(), socket.destroy()]);
      const fd = descriptorOf(socket);
      expect(addon().tap.find(tap, fd, 0)).toBe(0);
      expect(addon().tap.find(tap, fd, 1)).toBe(0);
      expect(addon().tap.find(tap, fd, 0)).toBe(TAP_NOT_SEEN);
      expect(addon().tap.find(tap, fd, 1)).toBe(TAP_NOT_SEEN);
      expect(addon().tap.find(tap, descriptorOf(server), 0)).toBe(-ENOTCONN);
      expect(addon().tap.find(tap, 2 ** 31 - 1, 0)).toBe(-EBADF);
      expect(addon().tap.lost(tap)).toBe(0);
    });

    test("takes nobody's word of who is connected but a SYN's, a record's, or that of the kernel's table of sockets", async () => {
      const server = createServer().listen(0, "127.0.0.1");
      await once(server, "listening");
      const { port } = server.address() as { port: number };
      addon().sockets.saveSyn(descriptorOf(server), 1);
      const tap = addon().tap.open(port, 7, KINDS);
      onTestFinished(() => void addon().tap.close(tap));
      const client = connect(port, "127.0.0.1");
      const [socket] = await once(server, "connection");
      onTestFinished(() => void [server.close(), client.destroy(), socket.destroy()]);
      const fd = descriptorOf(socket);
      const result = addon().sockets.readAccepted(fd, 1);
      const bytes = Uint8Array.from(addon().sockets.buffer.subarray(0, result & 0xffff));
      // Of a SYN that came from another port the tap has seen no handshake, whatever getpeername says.
      const others = Uint8Array.from(bytes);
      others[20 + 20] = (others[20 + 20] as number) ^ 1;
      expect(addon().tap.find(tap, fd, 0, others, 0, others.length, 0)).toBe(TAP_NOT_SEEN);
      // A part of a SYN is none, and neither is one outside of the bytes: then the table is asked, which has this connection.
      expect(addon().tap.find(tap, fd, 0, bytes, 0, 40, 0)).toBe(0);
      expect(addon().tap.find(tap, fd, 1, bytes, 0, bytes.length + 1, 0)).toBe(0);
      expect(addon().tap.find(tap, fd, 1, bytes, 0, bytes.length, 0)).toBe(0);
    });

    test("numbers of closed ones are given out again, and have forgotten what they were", () => {
      const [first, second] = [addon().tap.open(9, 2, KINDS), addon().tap.open(9, 2, KINDS)];
      expect([first, second]).toEqual([1, 2]);
      expect([addon().tap.close(1), addon().tap.close(1), addon().tap.open(10, 2, KINDS)]).toEqual([0, -EBADF, 1]);
      expect([addon().tap.close(1), addon().tap.close(2)]).toEqual([0, 0]);
    });

    test("of a worker that is terminated is closed, and one that is open keeps no worker from ending", async () => {
      const before = packetSockets();
      const script = (keeps: string): string => `
        const { parentPort, workerData } = require("node:worker_threads");
        parentPort.postMessage(require(workerData).tap.open(9, 2, Uint8Array.of(254)));
        ${keeps}`;
      const start = async (keeps: string): Promise<Worker> => {
        const worker = new Worker(script(keeps), { eval: true, workerData: ADDON });
        expect(await once(worker, "message")).toEqual([1]);
        return worker;
      };
      const working = await start("setInterval(() => {}, 1000);");
      expect(packetSockets()).toBe(before + 1);
      await working.terminate();
      expect(packetSockets()).toBe(before);
      const ending = await start("");
      expect(await once(ending, "exit")).toEqual([0]);
      expect(packetSockets()).toBe(before);
    });
  });
});
