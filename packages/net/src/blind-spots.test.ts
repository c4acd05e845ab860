import { once } from "node:events";
import { createServer } from "node:net";
import { compileToaProduct } from "@wherefrom/core/wire";
import type { Sockopt } from "@wherefrom/native";
import { describe, expect, onTestFinished, test } from "vitest";
import { blindSpotsOf } from "./blind-spots.ts";
import { descriptorOf } from "./descriptor.ts";
import { loadSockopt } from "./native.ts";

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
const spots = (fd: number, product: "dpvs" | "alibaba-cdn", sysctls: Readonly<Record<string, number>> = {}): string[] =>
  blindSpotsOf(sockopt as Sockopt, fd, compileToaProduct(product), (name) => sysctls[name] ?? 0);

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
});
