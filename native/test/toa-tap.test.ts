import { once } from "node:events";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { connect, createServer } from "node:net";
import { constants as os } from "node:os";
import { Worker } from "node:worker_threads";
import { expect, onTestFinished, test } from "vitest";
import type { Sockopt } from "../index.js";
import { ADDON } from "../scripts/build.mjs";
import { descriptorOf } from "./connection.ts";
import { describeUnless, WAYS } from "./ways.ts";

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
  const addon = (): Required<Sockopt> => WAYS.addon.load() as Required<Sockopt>;
  const canTap = WAYS.addon.problem === undefined && addon().tapProbe() === 0;

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
    expect(addon().tapOpen(port as number, packets as number, kinds as Uint8Array)).toBe(-error);
  });

  test("a number that is no open tap's is EBADF", () => {
    for (const id of [-1, 0, 64, 65, 2 ** 40, Number.NaN, "1"]) {
      expect(addon().tapFind(id as number, 0, 0)).toBe(-EBADF);
      expect(addon().tapLost(id as number)).toBe(-EBADF);
      expect(addon().tapClose(id as number)).toBe(-EBADF);
    }
  });

  describeUnless(canTap ? undefined : "CAP_NET_RAW is missing", "with the right to it", () => {
    test("knows an accepted connection once, and then only what came since", async () => {
      const server = createServer().listen(0, "127.0.0.1");
      await once(server, "listening");
      const { port } = server.address() as { port: number };
      const tap = addon().tapOpen(port, 7, KINDS);
      onTestFinished(() => void addon().tapClose(tap));
      const client = connect(port, "127.0.0.1");
      const [socket] = await once(server, "connection");
      onTestFinished(() => void [server.close(), client.destroy(), socket.destroy()]);
      const fd = descriptorOf(socket);
      expect(addon().tapFind(tap, fd, 0)).toBe(0);
      expect(addon().tapFind(tap, fd, 1)).toBe(0);
      expect(addon().tapFind(tap, fd, 0)).toBe(-4096);
      expect(addon().tapFind(tap, fd, 1)).toBe(-4096);
      expect(addon().tapFind(tap, descriptorOf(server), 0)).toBe(-ENOTCONN);
      expect(addon().tapFind(tap, 2 ** 31 - 1, 0)).toBe(-EBADF);
      expect(addon().tapLost(tap)).toBe(0);
    });

    test("numbers of closed ones are given out again, and have forgotten what they were", () => {
      const [first, second] = [addon().tapOpen(9, 2, KINDS), addon().tapOpen(9, 2, KINDS)];
      expect([first, second]).toEqual([1, 2]);
      expect([addon().tapClose(1), addon().tapClose(1), addon().tapOpen(10, 2, KINDS)]).toEqual([0, -EBADF, 1]);
      expect([addon().tapClose(1), addon().tapClose(2)]).toEqual([0, 0]);
    });

    test("of a worker that is terminated is closed, and one that is open keeps no worker from ending", async () => {
      const before = packetSockets();
      const script = (keeps: string): string => `
        const { parentPort, workerData } = require("node:worker_threads");
        parentPort.postMessage(require(workerData).tapOpen(9, 2, Uint8Array.of(254)));
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
