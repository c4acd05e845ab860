import { once } from "node:events";
import { createServer } from "node:net";
import { compileToaProduct } from "@wherefrom/core/wire";
import type { SocketCalls } from "@wherefrom/native";
import { describe, expect, onTestFinished, test } from "vitest";
import { blindSpotsOf } from "./blind-spots.ts";
import { descriptorOf } from "../connection/descriptor.ts";
import { loadSockopt } from "../connection/native.ts";

const sockopt = loadSockopt();
const IPPROTO_TCP = 6;

/** A listener's descriptor, with one of TCP's options set. */
async function listen(option?: readonly [name: number, value: number]): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const fd = descriptorOf(server) as number;
  if (option !== undefined && sockopt?.setSockopt(fd, IPPROTO_TCP, ...option) !== 0) throw new Error("not set");
  return fd;
}
const spots = (
  fd: number | undefined,
  product: "dpvs" | "alibaba-cdn",
  sysctls: Readonly<Record<string, number>> = {},
  tellsPeers = true,
): string[] =>
  blindSpotsOf(sockopt as SocketCalls, fd, compileToaProduct(product), (name) => sysctls[name] ?? 0, tellsPeers);

describe.skipIf(sockopt === undefined)("settings under which options are lost are told", () => {
  test("an ordinary listener has none", async () => {
    expect(spots(await listen(), "dpvs", { tcp_fastopen: 3, tcp_syncookies: 1 })).toEqual([]);
  });

  test("TCP_DEFER_ACCEPT", async () => {
    const fd = await listen([9, 5]);
    expect(spots(fd, "dpvs")).toEqual([expect.stringContaining("TCP_DEFER_ACCEPT is set")]);
    expect(spots(fd, "alibaba-cdn")).toEqual([]);
  });

  test("Fast Open, where the machine lets servers have it", async () => {
    const fd = await listen([23, 16]);
    expect(spots(fd, "dpvs", { tcp_fastopen: 3 })).toEqual([expect.stringContaining("TCP Fast Open is on")]);
    expect(spots(fd, "dpvs", { tcp_fastopen: 1 })).toEqual([]);
  });

  test("SYN cookies for everybody, of a product that writes into SYNs alone", async () => {
    const fd = await listen();
    expect(spots(fd, "alibaba-cdn", { tcp_syncookies: 2 })).toEqual(["net.ipv4.tcp_syncookies is 2: no SYN is kept"]);
    expect(spots(fd, "dpvs", { tcp_syncookies: 2 })).toEqual([]);
  });

  test.each(["dpvs", "alibaba-cdn"] as const)(
    "SYN cookies for everybody where neither programs nor a tap tell who is connected (%s)",
    async (product) => {
      const fd = await listen();
      expect(spots(fd, product, { tcp_syncookies: 2 }, false)).toEqual([
        "net.ipv4.tcp_syncookies is 2: no SYN is kept, and without programs or a tap nothing tells who is connected",
      ]);
      expect(spots(fd, product, { tcp_syncookies: 1 }, false)).toEqual([]);
    },
  );

  test("a listener that another process holds, where neither programs nor a tap tell who is connected", () => {
    expect(spots(undefined, "dpvs")).toEqual([]);
    expect(spots(undefined, "dpvs", {}, false)).toEqual([
      expect.stringContaining("another process holds the listener"),
    ]);
  });
});
