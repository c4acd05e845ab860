import { mkdtempSync, rmSync } from "node:fs";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import type { PolicyOptions } from "@wherefrom/core";
import { expect, onTestFinished, test } from "vitest";
import type { Adapter } from "./adapter.ts";
import { openSite } from "./site.ts";

const HAS_IPV6 = Object.values(networkInterfaces()).some((list) => list?.some(({ address }) => address === "::1"));
const NO_IPV6 = { meta: { skipReason: "this machine has no IPv6 loopback address" } };

const from = (...trust: string[]): PolicyOptions => ({ trust, from: "x-forwarded-for" });
const FORWARDED = [["X-Forwarded-For", "203.0.113.7"]] as const;

/** A path for a Unix socket, gone after the test. */
function socketPath(): string {
  const directory = mkdtempSync(join(tmpdir(), "wherefrom-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  return join(directory, "http.sock");
}

/** Who is at the other end of the socket, in every form that an operating system gives it. */
export function testPeers(adapter: Adapter): void {
  const testIpv6 = HAS_IPV6 ? test : test.skip;

  testIpv6("a mapped peer falls under the rule of its IPv4 address", NO_IPV6, async () => {
    const site = await openSite({ adapter, policy: from("127.0.0.1"), listen: { host: "::", port: 0 } });
    expect(await site.ask({ lines: FORWARDED })).toMatchObject({
      ip: "203.0.113.7",
      ips: adapter.ipsOf(["203.0.113.7"], "127.0.0.1"),
    });
  });

  testIpv6("a mapped peer that no rule names is answered as IPv4", NO_IPV6, async () => {
    const site = await openSite({ adapter, policy: from("192.0.2.1"), listen: { host: "::", port: 0 } });
    expect(await site.ask({ lines: FORWARDED })).toMatchObject({
      ip: "127.0.0.1",
      ips: adapter.ipsOf([], "127.0.0.1"),
      client: "127.0.0.1",
    });
  });

  testIpv6("an IPv6 peer falls under the rule of its prefix", NO_IPV6, async () => {
    const site = await openSite({ adapter, policy: from("::1/128"), listen: { host: "::1", port: 0 } });
    expect(await site.ask({ lines: FORWARDED })).toMatchObject({ ip: "203.0.113.7" });
    expect(await site.ask()).toMatchObject({ ip: "::1", stop: "carrier-absent" });
  });

  test("a proxy on a Unix socket is believed where a rule names unix", async () => {
    const site = await openSite({ adapter, policy: from("unix"), listen: { path: socketPath() } });
    expect(await site.ask({ lines: FORWARDED })).toMatchObject({ ip: "203.0.113.7", ips: ["203.0.113.7"] });
  });

  test("a Unix socket has no address, and what comes through it is not believed without a rule", async () => {
    const site = await openSite({ adapter, policy: from("loopback"), listen: { path: socketPath() } });
    const view = await site.ask({ lines: FORWARDED });
    expect([view.ip, view.client, view.ips]).toEqual([adapter.noIp, undefined, []]);
  });

  test("a rule for unix says nothing about TCP", async () => {
    const site = await openSite({ adapter, policy: from("unix") });
    expect(await site.ask({ lines: FORWARDED })).toMatchObject({
      ip: "127.0.0.1",
      client: "127.0.0.1",
      ips: adapter.ipsOf([], "127.0.0.1"),
    });
  });
}
