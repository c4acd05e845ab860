import { compilePolicy, type Resolution, resolve } from "@wherefrom/core";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { publish, subscribe, type SurgeEvent } from "../audit-event.ts";
import { formatDenyList } from "../deny-list.ts";
import { Cardinality, CARDINALITY_ERROR, hashText } from "./cardinality.ts";
import { HeavyHitters, mergeHitters } from "./heavy-hitters.ts";
import { SurgeDetector } from "./surge-detector.ts";
import { TrafficWindow, type TrafficWindowOptions } from "./traffic-window.ts";
import { watchTraffic } from "./watch-traffic.ts";

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

describe("the heavy hitters of any stream", () => {
  const keys = fc.array(fc.integer({ min: 0, max: 40 }).map(String), { maxLength: 400 });
  const exact = (stream: readonly string[]): Map<string, number> => {
    const counts = new Map<string, number>();
    for (const key of stream) counts.set(key, (counts.get(key) ?? 0) + 1);
    return counts;
  };
  const summaryOf = (stream: readonly string[], capacity: number): HeavyHitters => {
    const hitters = new HeavyHitters(capacity);
    for (const key of stream) hitters.add(key, Number(key) % 2 === 0);
    return hitters;
  };

  test("have counts between their bounds, which are apart by N / capacity at most, and none that is frequent is missing", () => {
    fc.assert(
      fc.property(keys, fc.integer({ min: 1, max: 20 }), (stream, capacity) => {
        const hitters = summaryOf(stream, capacity);
        const counts = exact(stream);
        const listed = hitters.entries();
        expect(listed.length).toBe(Math.min(capacity, counts.size));
        for (const { key, count, error, proven } of listed) {
          const truth = counts.get(key)!;
          expect(truth).toBeLessThanOrEqual(count);
          expect(truth).toBeGreaterThanOrEqual(count - error);
          expect(error).toBeLessThanOrEqual(stream.length / capacity);
          expect(proven).toBeLessThanOrEqual(Number(key) % 2 === 0 ? truth : 0);
        }
        for (const [key, count] of counts)
          expect(count <= hitters.floor || listed.some((each) => each.key === key)).toBe(true);
        expect(listed.reduce((sum, { count }) => sum + count, 0)).toBe(stream.length);
      }),
    );
  });

  test("merged from parts have counts between their bounds", () => {
    fc.assert(
      fc.property(
        fc.array(keys, { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 1, max: 20 }),
        (streams, capacity) => {
          const merged = mergeHitters(streams.map((stream) => summaryOf(stream, capacity)));
          const counts = exact(streams.flat());
          for (const { key, count, error } of merged) {
            expect(counts.get(key)).toBeLessThanOrEqual(count);
            expect(counts.get(key)).toBeGreaterThanOrEqual(count - error);
          }
          const certain = merged.map(({ count, error }) => count - error);
          expect(certain).toEqual(certain.toSorted((a, b) => b - a));
        },
      ),
    );
  });
});

test("the number of different texts is within four standard errors, and exact enough while they are few", () => {
  for (const [count, repeats] of [
    [1, 5],
    [100, 3],
    [5000, 2],
    [300_000, 1],
  ] as const) {
    const cardinality = new Cardinality();
    for (let n = 0; n < count * repeats; n++) cardinality.add(hashText(`192.0.${n % count}`, 12345));
    expect(Math.abs(cardinality.estimate() / count - 1)).toBeLessThan(4 * CARDINALITY_ERROR);
  }
  expect(new Cardinality().estimate()).toBe(0);
});

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
      expect(() => new TrafficWindow(options)).toThrow(RangeError);
    },
  );
});

describe("a surge", () => {
  function detect(rates: readonly number[], options = {}): { step: number; isOver: boolean; requests: number }[] {
    const detector = new SurgeDetector(options);
    const told: { step: number; isOver: boolean; requests: number }[] = [];
    for (const [step, rate] of rates.entries()) {
      for (let n = 0; n < rate * 10; n++) {
        const surge = detector.count(step * 10_000 + Math.floor((n * 10_000) / (rate * 10)), n % 2 === 0);
        if (surge !== undefined) told.push({ step, isOver: surge.end !== undefined, requests: surge.requests });
      }
    }
    return told;
  }
  const usual = [10, 10, 10, 10, 10, 10, 10];

  test("is told while it is one, once, and when it is over, with all of its requests", () => {
    expect(detect([...usual, 100, 100, 100, 10, 10])).toEqual([
      { step: 7, isOver: false, requests: 500 },
      { step: 11, isOver: true, requests: 3000 + 100 },
    ]);
  });

  test.each([
    ["traffic that grows slowly is none", [10, 12, 14, 17, 20, 24, 29, 35, 42, 50], {}],
    ["the first minute has none", [1, 100, 1, 1], {}],
    ["little is none, whatever the factor", [1, 1, 1, 1, 1, 1, 1, 15], {}],
    ["a higher factor is asked for", [...usual, 100], { factor: 20 }],
  ])("%s", (_, rates, options) => {
    expect(detect(rates, options)).toEqual([]);
  });

  test("does not become usual by going on", () => {
    const told = detect([...usual, ...Array.from({ length: 30 }, () => 100), 10, 10, 100]);
    expect(told.map(({ isOver }) => isOver)).toEqual([false, true, false]);
  });

  test("is over when nobody comes any more", () => {
    const detector = new SurgeDetector();
    for (let second = 0; second < 70; second++) for (let n = 0; n < 10; n++) detector.count(second * 1000, true);
    let begun = false;
    for (let n = 0; n < 2000; n++) if (detector.count(71_000, true) !== undefined) begun = true;
    expect(begun).toBe(true);
    expect(detector.advance(75_000)).toBeUndefined();
    expect(detector.advance(100_000)).toMatchObject({
      end: 80_000,
      requests: 2000,
      peakPerSecond: 2000,
      baselinePerSecond: 10,
    });
  });

  test("is none of a clock that jumps", () => {
    const detector = new SurgeDetector();
    const told: unknown[] = [];
    for (let n = 0; n < 20_000; n++) {
      const second = n / 10 + (n % 5000 === 0 ? 1e9 : 0);
      const surge = detector.count(second * 1000, true);
      if (surge !== undefined) told.push(surge);
    }
    expect(told).toEqual([]);
  });

  test("is told within its step, however short that is", () => {
    const detector = new SurgeDetector({ stepMs: 100 });
    const told: (number | undefined)[] = [];
    const count = (time: number, times: number): void => {
      for (let n = 0; n < times; n++) {
        const surge = detector.count(time, true);
        if (surge !== undefined) told.push(surge.end);
      }
    };
    for (let step = 0; step < 6; step++) count(step * 100, 1);
    count(600, 20);
    expect(told).toEqual([undefined]);
    expect(detector.advance(799)).toBeUndefined();
    expect(detector.advance(800)).toMatchObject({ start: 600, end: 700, requests: 20, baselinePerSecond: 10 });
  });

  test.each([{ factor: 1 }, { factor: Number.NaN }, { leastPerSecond: 0 }, { stepMs: 0 }])(
    "of %j is refused",
    (options) => {
      expect(() => new SurgeDetector(options)).toThrow(RangeError);
    },
  );

  test("is published with its contributors and what to block", () => {
    let time = 1_000_000_000_000;
    const heard: SurgeEvent[] = [];
    onTestFinished(subscribe("traffic.surge", (event) => heard.push(event)));
    const watch = watchTraffic({ now: () => time });
    onTestFinished(watch.close);
    const ask = (address: string): void =>
      publish({
        name: "client.resolved",
        time: new Date(time),
        resolution: direct(address),
        transport: "tcp",
        request: { path: "/" },
      });
    for (let second = 0; second < 70; second++, time += 1000) for (let n = 0; n < 10; n++) ask(`198.51.100.${n}`);
    for (let n = 0; n < 3000; n++) ask("203.0.113.7");
    time += 10_000;
    ask("198.51.100.1");
    time += 10_000;
    ask("198.51.100.1");
    expect(heard.map(({ surge: { end } }) => end !== undefined)).toEqual([false, true]);
    const [begun, over] = heard.map(({ surge }) => surge);
    expect(begun).toMatchObject({
      proven: 500,
      requests: 500,
      top: { path: [{ name: "/" }] },
    });
    expect(begun?.top.address?.[0]).toEqual({ name: "203.0.113.7", requests: 500 });
    expect(begun?.block[0]).toBe("203.0.113.7/32");
    expect(over).toMatchObject({ id: begun?.id, requests: 3001, baselinePerSecond: 10, peakPerSecond: 3000 });
    expect(watch.report().requests).toBeGreaterThan(3000);
  });
});

describe("a list to deny", () => {
  const entries = [
    { prefix: "203.0.113.7", note: "a\n; evil {" },
    { prefix: "2001:db8::/48" },
    { prefix: "evil; rm -rf" },
    { prefix: "fe80::1%eth0" },
  ];

  test.each([
    ["nginx", "# a ; evil {\ndeny 203.0.113.7/32;\ndeny 2001:db8::/48;\n"],
    ["cidr", "# a ; evil {\n203.0.113.7/32\n2001:db8::/48\n"],
    [
      "ipset",
      "create wherefrom4 hash:net family inet maxelem 262144 -exist\ncreate wherefrom6 hash:net family inet6 maxelem 262144 -exist\n# a ; evil {\nadd wherefrom4 203.0.113.7/32 -exist\nadd wherefrom6 2001:db8::/48 -exist\n",
    ],
  ] as const)("for %s holds prefixes and nothing else", (format, expected) => {
    expect(formatDenyList(entries, format)).toBe(expected);
  });
});
