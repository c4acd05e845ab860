import { compilePolicy, type Resolution, resolve } from "@wherefrom/core";
import { describe, expect, test } from "vitest";
import { formatDenyList } from "../formats/deny-list.ts";
import { TrafficWindow, type TrafficWindowOptions } from "./traffic-window.ts";

const open = compilePolicy({ trust: [] });
const proxied = compilePolicy({ trust: ["10.0.0.9"], from: "x-forwarded-for" });

const direct = (peer: string): Resolution =>
  resolve({ connection: { transport: "tcp", peer, peerPort: 1, claims: [] } }, open);
const unproven = resolve(
  {
    connection: { transport: "tcp", peer: "10.0.0.9", peerPort: 1, claims: [] },
    headers: { "x-forwarded-for": "garbage" },
  },
  proxied,
);

interface Site {
  readonly window: TrafficWindow;
  readonly at: (second: number) => void;
}

function site(options: TrafficWindowOptions = {}): Site {
  let time = 1_000_000_000_000;
  const window = new TrafficWindow({ now: () => time, ...options });
  return { window, at: (second) => (time = 1_000_000_000_000 + second * 1000) };
}

describe("the window", () => {
  test("names who asks most by address, network, link, place, path, user agent and peer, and what of it is proven", () => {
    const { window, at } = site({
      locate: (address) => (address.startsWith("203.") ? { country: "BR", asn: 64500 } : undefined),
    });
    const request = { path: "/login", userAgent: "curl" };
    for (let n = 0; n < 30; n++) window.add({ resolution: direct("203.0.113.7"), request });
    for (let n = 0; n < 20; n++) window.add({ resolution: direct(`2001:db8:1:2::${n + 1}`), request });
    for (let n = 0; n < 50; n++) window.add({ resolution: unproven, request });
    at(5);
    const { top, requests, proven, sources, clients } = window.report();
    expect({ requests, proven }).toEqual({ requests: 100, proven: 50 });
    // Estimates: two of so few meet in one register now and then.
    expect(Math.abs(sources - 22)).toBeLessThanOrEqual(2);
    expect(Math.abs(clients - 21)).toBeLessThanOrEqual(2);
    const row = (name: string, count: number, provenCount = count): object => ({
      name,
      requests: count,
      error: 0,
      proven: provenCount,
    });
    expect(top.address.slice(0, 2)).toEqual([row("10.0.0.9", 50, 0), row("203.0.113.7", 30)]);
    expect(top.prefix).toEqual([row("10.0.0.0/24", 50, 0), row("203.0.113.0/24", 30), row("2001:db8:1::/48", 20)]);
    expect(top.link).toEqual([row("2001:db8:1:2::/64", 20)]);
    expect([top.country, top.asn]).toEqual([[row("BR", 30)], [row("AS64500", 30)]]);
    expect([top.path, top["user-agent"]]).toEqual([[row("/login", 100, 50)], [row("curl", 100, 50)]]);
    expect(top.peer[0]).toEqual(row("10.0.0.9", 50, 0));
  });

  test("forgets what is older, and has forgotten all when nobody comes", () => {
    const { window, at } = site();
    window.add({ resolution: direct("203.0.113.7") });
    at(30);
    window.add({ resolution: direct("203.0.113.8") });
    expect(window.report().requests).toBe(2);
    at(61);
    expect(window.report().top.address.map(({ name }) => name)).toEqual(["203.0.113.8"]);
    at(200);
    expect(window.report()).toMatchObject({ requests: 0, sources: 0, block: [] });
  });

  test("a clock that jumps ahead and back again leaves nothing behind", () => {
    const { window, at } = site();
    at(1e9);
    window.add({ resolution: direct("203.0.113.7") });
    at(0);
    window.add({ resolution: direct("203.0.113.8") });
    expect(window.report()).toMatchObject({ requests: 1, top: { address: [{ name: "203.0.113.8" }] } });
  });

  test("finds a heavy source under a spray of new ones, and says how far off its count may be", () => {
    const { window } = site({ capacity: 64 });
    for (let n = 0; n < 20_000; n++) {
      window.add({ resolution: direct(`${1 + (n % 200)}.${(n >> 8) & 255}.${n & 255}.9`) });
      if (n % 10 === 0) window.add({ resolution: direct("203.0.113.7") });
    }
    const [first] = window.report().top.address;
    expect(first?.name).toBe("203.0.113.7");
    expect(first!.requests).toBeGreaterThanOrEqual(2000);
    expect(first!.requests - first!.error).toBeLessThanOrEqual(2000);
    expect(first!.error).toBeLessThanOrEqual(22_000 / 64);
    expect(window.report().block).toEqual(["203.0.113.7/32"]);
  });

  test("blocks machines, or the network where they are many, and never who is not proven", () => {
    const { window } = site({ capacity: 32 });
    for (let n = 0; n < 4000; n++) {
      window.add({ resolution: direct(`192.0.2.${n % 250}`) });
      window.add({ resolution: direct(`2001:db8:7:1::${(n % 500) + 1}`) });
      window.add({ resolution: direct("203.0.113.7") });
      window.add({ resolution: unproven });
    }
    const { block } = window.report();
    expect(block).toEqual(expect.arrayContaining(["192.0.2.0/24", "203.0.113.7/32", "2001:db8:7:1::/64"]));
    expect(
      block.filter(
        (prefix) => prefix.startsWith("10.") || (prefix.startsWith("192.0.2.") && prefix !== "192.0.2.0/24"),
      ),
    ).toEqual([]);
    expect(
      formatDenyList(
        block.map((prefix) => ({ prefix })),
        "nginx",
      ),
    ).toContain("deny 192.0.2.0/24;");
  });

  test("keeps the beginning of a long path or user agent, and not the text that it was cut from", () => {
    const { window } = site();
    window.add({
      resolution: direct("203.0.113.7"),
      request: { path: `/${"a".repeat(16_384)}`, userAgent: "b".repeat(16_384) },
    });
    const { top } = window.report();
    expect([top.path[0]?.name.length, top["user-agent"][0]?.name.length]).toEqual([256, 256]);
  });

  test.each([{ windowMs: 1 }, { windowMs: Number.NaN }, { capacity: 0 }, { capacity: 1.5 }])(
    "of %j is refused",
    (options) => {
      expect(() => new TrafficWindow(options)).toThrow(
        expect.objectContaining({ code: "ERR_WHEREFROM_INVALID_OPTION" }),
      );
    },
  );
});
