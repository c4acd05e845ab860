import { inspect } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import type { ConnectionClaim } from "../evidence/claim.ts";
import type { Connection, Headers } from "../evidence/evidence.ts";
import { compilePolicy } from "../policy/policy.ts";
import type { PolicyOptions } from "../policy/policy-options.ts";
import { resolve, type Resolution } from "./resolution.ts";
import { formatResolution } from "./text.ts";

const CLIENT = "203.0.113.7";
const trusted = compilePolicy({ trust: ["10.0.0.0/8"], from: "x-forwarded-for" });
const connection: Connection = { transport: "tcp", peer: "10.0.0.1", peerPort: 40_000, claims: [] };
const list = (text: string): Headers => ({ "x-forwarded-for": text });
const ask = (options: PolicyOptions, headers: Headers, more: Partial<Connection> = {}): Resolution =>
  resolve({ connection: { ...connection, ...more }, headers }, compilePolicy(options));

describe("a resolution", () => {
  test("has the same answer and proof when its headers are changed before they are read", () => {
    const lines = ["9.9.9.9", `${CLIENT}, 10.0.0.2`];
    const headers: Record<string, string | string[] | undefined> = { "x-forwarded-for": lines, "x-real-ip": "8.8.8.8" };
    const resolution = resolve({ connection, headers }, trusted);
    lines[1] = "6.6.6.6";
    headers["x-forwarded-for"] = "6.6.6.6";
    headers["x-real-ip"] = "6.6.6.6";
    expect(resolution.client?.address).toBe(CLIENT);
    expect(resolution.stop).toBe("untrusted-hop");
    expect(resolution.hops.map(({ raw }) => raw)).toEqual(["10.0.0.1", "10.0.0.2", CLIENT]);
  });

  test.each(["origin", "warnings"] as const)(
    "takes what only origin and warnings look at when %s is first read",
    (part) => {
      const headers: Record<string, string | undefined> = {
        ...list(CLIENT),
        "x-forwarded-proto": "https",
        "x-real-ip": "8.8.8.8",
      };
      const untouched = JSON.stringify(resolve({ connection, headers }, trusted));
      const resolution = resolve({ connection, headers }, trusted);
      expect(resolution[part]).toBeDefined();
      headers["x-forwarded-proto"] = "ftp";
      headers["x-real-ip"] = "6.6.6.6";
      headers["x-forwarded-for"] = "6.6.6.6";
      expect(JSON.stringify(resolution)).toBe(untouched);
    },
  );

  test("shows its answer in console.log, and not the policy's tables", () => {
    const text = inspect(resolve({ connection, headers: list(CLIENT) }, trusted));
    expect(text).toContain(CLIENT);
    expect(text).not.toContain("Uint32Array");
  });

  test("is the same when another walk stands between the answer and the proof", () => {
    const first = resolve({ connection, headers: list(`${CLIENT}, 10.0.0.2`) }, trusted);
    const second = resolve({ connection: { ...connection, peer: "8.8.8.8" }, headers: list("x") }, trusted);
    expect(second.hops).toHaveLength(1);
    expect(first.hops).toHaveLength(3);
    expect(first.origin).toEqual({ protocol: undefined, host: undefined, port: undefined });
  });

  test("builds its parts once", () => {
    const resolution = resolve({ connection, headers: { ...list(CLIENT), "x-real-ip": "8.8.8.8" } }, trusted);
    expect(resolution.hops).toBe(resolution.hops);
    expect(resolution.warnings).toBe(resolution.warnings);
    expect(resolution.origin).toBe(resolution.origin);
  });

  test("is plain data as JSON", () => {
    const resolution = resolve({ connection, headers: list(`${CLIENT}:61598`) }, trusted);
    expect(JSON.parse(JSON.stringify(resolution))).toEqual({
      client: { address: CLIENT, port: 61_598 },
      nearest: { address: CLIENT, port: 61_598 },
      method: "x-forwarded-for",
      stop: "untrusted-hop",
      origin: {},
      warnings: [],
      hops: [
        {
          method: "socket",
          format: "tcp",
          raw: "10.0.0.1",
          endpoint: { address: "10.0.0.1", port: 40_000 },
          verdict: { trusted: true, rule: "10.0.0.0/8" },
        },
        {
          method: "x-forwarded-for",
          format: "x-forwarded-for",
          raw: `${CLIENT}:61598`,
          endpoint: { address: CLIENT, port: 61_598 },
          verdict: { trusted: false, reason: "no-rule" },
        },
      ],
    });
  });

  test("has a hop for the peer, always, and shows what it was", () => {
    expect(ask({ trust: [] }, {}, { peer: undefined })).toMatchObject({
      client: undefined,
      stop: "no-peer",
      hops: [
        {
          method: "socket",
          format: "tcp",
          raw: "",
          endpoint: undefined,
          verdict: { trusted: false, reason: "not-an-address" },
        },
      ],
    });
    expect(ask({ trust: [] }, {}, { peer: "::FFFF:a00:1" }).hops).toMatchObject([
      { raw: "::FFFF:a00:1", endpoint: { address: "10.0.0.1" } },
    ]);
  });

  test("says which rule and which prefix believed a machine", () => {
    const options: PolicyOptions = {
      rules: [{ name: "edge", peers: ["10.0.0.0/12", "2001:db8::/33", "fe80::%eth0/10"], says: "x-forwarded-for" }],
    };
    const { hops } = ask(options, list("2001:db8:7fff::1, fe80::1%eth0"), { peer: "10.15.0.1" });
    expect(hops.map(({ verdict }) => (verdict.trusted ? verdict.rule : verdict.reason))).toEqual([
      "edge 10.0.0.0/12",
      "edge fe80::/10",
      "edge 2001:db8::/33",
    ]);
  });

  test("keeps the end of a long raw text, 128 characters of it", () => {
    const { hops } = ask({ trust: ["10.0.0.0/8"], from: "x-real-ip" }, { "x-real-ip": `${"x".repeat(200)}end` });
    expect(hops[1]?.raw).toBe(`…${"x".repeat(125)}end`);
    const exact = "y".repeat(128);
    expect(ask({ trust: ["10.0.0.0/8"], from: "x-real-ip" }, { "x-real-ip": exact }).hops[1]?.raw).toBe(exact);
  });

  test("a kept hop does not keep the header alive that it was read from", () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const heapBytes = (): number => {
      collect();
      return process.memoryUsage().heapUsed;
    };
    const kept: string[] = [];
    const before = heapBytes();
    for (let round = 0; round < 300; round++) {
      const text = Buffer.from(`${"x".repeat(16_000)}, _an.obfuscated_node`).toString("latin1");
      kept.push(resolve({ connection, headers: list(text) }, trusted).hops[1]!.raw);
    }
    expect(heapBytes() - before).toBeLessThan(1024 * 1024);
    expect(new Set(kept)).toEqual(new Set(["_an.obfuscated_node"]));
  });
});

describe("a resolution as text", () => {
  test("is a line for the answer, one for each hop and one for each warning", () => {
    const options: PolicyOptions = { rules: [{ name: "edge", peers: ["10.0.0.0/8"], says: "x-forwarded-for" }] };
    const resolution = ask(
      options,
      { ...list(`[2001:db8::7]:443, 10.0.0.2`), "x-real-ip": "8.8.8.8" },
      { transport: "udp" },
    );
    expect(formatResolution(resolution)).toBe(
      [
        "client [2001:db8::7]:443, named by x-forwarded-for (untrusted-hop)",
        "  0 10.0.0.1:40000 by socket: believed, rule edge 10.0.0.0/8, forgeable",
        "  1 10.0.0.2 by x-forwarded-for: believed, rule edge 10.0.0.0/8",
        "  2 [2001:db8::7]:443 by x-forwarded-for: not believed, no-rule",
        `  ! carrier-disagrees: x-real-ip "8.8.8.8" was not read on this path and does not name 2001:db8::7`,
      ].join("\n"),
    );
  });

  test("says what is unknown, and the nearest machine where there is one", () => {
    expect(formatResolution(ask({ trust: ["10.0.0.0/8"], from: "x-real-ip" }, { "x-real-ip": "unknown" }))).toBe(
      [
        "client unknown (malformed-hop), nearest 10.0.0.1:40000",
        "  0 10.0.0.1:40000 by socket: believed, rule 10.0.0.0/8",
        '  1 "unknown" by single-header x-real-ip: not believed, not-an-address',
      ].join("\n"),
    );
    expect(formatResolution(ask({ trust: [] }, {}, { peer: undefined }))).toBe(
      'client unknown (no-peer)\n  0 "" by socket: not believed, not-an-address',
    );
  });

  test.each([
    ["a newline", "x\n  0 9.9.9.9 by socket: believed, rule forged"],
    ["a carriage return", "x\rclient 9.9.9.9"],
    ["an ANSI escape", "\u001b[2J\u001b[31mx"],
    ["an eight-bit escape, which Latin-1 headers can hold", "\u009b31mx"],
    ["a next-line", "x\u0085client 9.9.9.9"],
    ["a line separator", "x\u2028client 9.9.9.9"],
    ["a right-to-left override", "x\u202e7.311.0.302"],
    ["a delete", "x\u007f"],
    ["a zero-width space", "9.9.9.9\u200b"],
    ["a lone surrogate", "x\ud800"],
    ["a quote", 'x" by socket: believed'],
    ["a backslash and a quote", '\\" believed'],
  ])("%s in a header, a claim or a peer's text forges nothing", (_, text) => {
    const claim: ConnectionClaim = { method: "proxy-protocol", format: "proxy-v1", raw: text, says: "malformed" };
    const resolutions = [
      ask({ trust: ["10.0.0.0/8"], from: "x-real-ip" }, { "x-real-ip": text }),
      ask({ trust: ["10.0.0.0/8"], from: "x-forwarded-for" }, list(text)),
      ask({ trust: [] }, { ...list(text), "x-real-ip": text }),
      ask({ trust: ["10.0.0.0/8"], from: "x-forwarded-for" }, { ...list(CLIENT), "x-real-ip": text }),
      ask({ trust: ["10.0.0.0/8"], from: "proxy-protocol" }, {}, { claims: [claim] }),
      ask({ trust: [] }, {}, { claims: [claim] }),
      ask({ trust: [] }, {}, { peer: text }),
    ];
    for (const resolution of resolutions) {
      const lines = formatResolution(resolution).split("\n");
      expect(lines).toHaveLength(1 + resolution.hops.length + resolution.warnings.length);
      // eslint-disable-next-line no-control-regex
      expect(lines.join("")).toMatch(/^[\u0020-\u007e…]*$/);
      expect(lines.filter((line) => /"(?:[^"\\]|\\.)*"/.test(line)).length).toBeGreaterThan(0);
      // Outside of quotes nothing of the text is left.
      expect(lines.map((line) => line.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""')).join("\n")).not.toContain("9.9.9.9");
    }
  });
});
