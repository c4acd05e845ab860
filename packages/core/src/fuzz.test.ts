import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseAddress } from "./address/address.ts";
import type { ConnectionClaim } from "./evidence/claim.ts";
import { ELEMENT_LIMIT } from "./walk/header-reader.ts";
import type { Connection, Headers } from "./evidence/evidence.ts";
import { HOP_LIMIT } from "./options/limits.ts";
import { compilePolicy, type Policy } from "./policy/policy.ts";
import type { PolicyOptions } from "./policy/policy-options.ts";
import { covers, parsePrefix, type Prefix } from "./prefix/prefix.ts";
import { clientAddress, resolve } from "./resolution/resolution.ts";
import { formatResolution } from "./resolution/text.ts";

/** Runs of all properties here together: 100,000 in CI, 20,000 at the desk, or as many as WHEREFROM_FUZZ_RUNS says. */
const RUNS = Number(process.env["WHEREFROM_FUZZ_RUNS"] || (process.env["CI"] === undefined ? 20_000 : 100_000));
const share = (part: number): { numRuns: number } => ({ numRuns: Math.ceil(RUNS * part) });
/** At 100,000 runs, in milliseconds, on a slow machine. */
const TIMEOUT_MS = 120_000 + RUNS;

const SECRET = "correct horse";
const OPTIONS: readonly PolicyOptions[] = [
  { trust: ["10.0.0.0/8", "fd00::/8", "loopback"], from: "x-forwarded-for" },
  { trust: ["10.0.0.0/8", "2001:db8::/32"], from: "x-real-ip" },
  { trust: ["10.0.0.0/8", "fe80::%eth0/64"], from: "forwarded" },
  { trust: ["10.0.0.0/8"], from: "cloudfront-viewer-address" },
  { trust: ["10.0.0.0/8", "unix"], from: ["toa", "proxy-protocol", "x-forwarded-for"] },
  { trust: ["10.0.0.0/8", "unverified"], from: ["udp-option", "spp"], silent: "is-client" },
  { trust: ["0.0.0.0/0"], from: "x-forwarded-for", silent: "unknown", originIsPrivate: true },
  { trust: ["private"], from: { all: ["x-forwarded-for", "x-real-ip"] } },
  { trust: ["private"], from: "x-forwarded-for", with: { header: "x-secret", equals: SECRET } },
  { trust: ["private"], from: "x-forwarded-for", infrastructure: ["10.0.0.0/24", "192.168.0.0/16"] },
  { hops: 2, peers: ["private"], from: "x-forwarded-for" },
  { hops: 1, peers: ["private"], from: "forwarded" },
  {
    rules: [
      { peers: ["10.0.0.0/16"], says: "proxy-protocol" },
      { peers: ["10.1.0.0/16"], says: "x-forwarded-for" },
      { peers: ["10.2.0.0/16"], says: "x-real-ip", appends: ["x-forwarded-for"] },
      { peers: ["10.3.0.0/16"], says: { header: "x-forwarded-for", skip: 1 } },
      { peers: ["10.4.0.0/16"], says: "forwarded", silent: "self" },
      { peers: ["10.5.0.0/16"], says: "nothing" },
    ],
  },
  { trust: [] },
];
const POLICIES: readonly Policy[] = OPTIONS.map((options) => compilePolicy(options));

const address = fc.oneof(
  fc.constantFrom(
    "10.0.0.1",
    "10.0.0.2",
    "10.1.0.1",
    "10.2.0.1",
    "10.3.0.1",
    "10.4.0.1",
    "10.5.0.1",
    "192.168.0.1",
    "127.0.0.1",
    "::1",
    "fd00::1",
    "fe80::1%eth0",
    "fe80::1%eth1",
    "2001:db8::1",
    "::ffff:10.0.0.1",
    "203.0.113.7",
    "9.9.9.9",
    "0.0.0.0",
    "::",
  ),
  fc.ipV4(),
  fc.ipV6(),
);
const node = fc.oneof(
  { weight: 6, arbitrary: address },
  {
    weight: 1,
    arbitrary: fc
      .tuple(address, fc.nat(70_000))
      .map(([host, port]) => (host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`)),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "unknown",
      "_hidden",
      "",
      " ",
      "\t",
      "localhost",
      "<b>",
      "010.0.0.1",
      "10.0.0.1\u00a0",
      '"10.0.0.1"',
      "1:2:3",
      ":::",
    ),
  },
);
const listText = fc
  .array(fc.tuple(node, fc.constantFrom(", ", ",", " , ", "\t,", ",,", " ")), { maxLength: 12 })
  .map((elements) =>
    elements
      .map(([element, comma]) => element + comma)
      .join("")
      .replace(/[, ]+$/, ""),
  );
const forwardedText = fc
  .array(fc.tuple(node, fc.constantFrom("", ";proto=https", ';host="a,b"', ';x="'), fc.boolean()), { maxLength: 6 })
  .map((elements) =>
    elements.map(([element, more, quoted]) => `for=${quoted ? `"${element}"` : element}${more}`).join(", "),
  );
const wellFormed = fc.oneof(listText, forwardedText, node);
const mutated = fc
  .tuple(
    wellFormed,
    fc.array(fc.tuple(fc.nat(), fc.constantFrom(...'0189afF:.,;="\\[]%_ \t\n\0\u00a0\u00ff'.split(""), "")), {
      minLength: 1,
      maxLength: 4,
    }),
  )
  .map(([text, edits]) =>
    edits.reduce((current, [place, mark]) => {
      const at = place % (current.length + 1);
      return current.slice(0, at) + mark + current.slice(at + 1);
    }, text),
  );
const garbage = fc.uint8Array({ maxLength: 120 }).map((bytes) => Buffer.from(bytes).toString("latin1"));
const long = fc
  .tuple(
    fc.constantFrom(",", ":", "1:", '"', "10.0.0.1,", "10.0.0.1, ", " ", "for=10.0.0.1,", "x", "::,", "\\"),
    wellFormed,
  )
  .map(([piece, tail]) => piece.repeat(Math.ceil(8192 / piece.length)) + tail);
const headerText = fc.oneof(
  { weight: 5, arbitrary: wellFormed },
  { weight: 3, arbitrary: mutated },
  { weight: 2, arbitrary: garbage },
  { weight: 1, arbitrary: long },
);
const value = fc.oneof(
  { weight: 4, arbitrary: headerText },
  { weight: 1, arbitrary: fc.array(headerText, { maxLength: 3 }) },
);
const headers: fc.Arbitrary<Headers | undefined> = fc.option(
  fc.record(
    {
      "x-forwarded-for": value,
      "x-real-ip": value,
      forwarded: value,
      "cloudfront-viewer-address": value,
      "x-forwarded-proto": value,
      "x-forwarded-host": value,
      "x-secret": fc.constantFrom(SECRET, "x"),
    },
    { requiredKeys: [] },
  ),
  { nil: undefined, freq: 20 },
);
const claim: fc.Arbitrary<ConnectionClaim> = fc.record(
  {
    method: fc.constantFrom("toa", "proxy-protocol", "udp-option", "spp"),
    format: fc.constant("wire"),
    raw: garbage,
    says: fc.constantFrom("address", "address", "address", "self", "unknown", "malformed"),
    endpoint: fc.record({
      address: fc.oneof(node, garbage),
      port: fc.option(fc.integer({ min: 1, max: 65_535 }), { nil: undefined }),
    }),
  },
  { requiredKeys: ["method", "format", "raw", "says"] },
);
const connection: fc.Arbitrary<Connection> = fc.record({
  transport: fc.constantFrom("tcp", "tcp", "tcp", "tcp", "udp", "unix", "unverified"),
  peer: fc.option(fc.oneof({ weight: 8, arbitrary: address }, { weight: 1, arbitrary: garbage }), {
    nil: undefined,
    freq: 20,
  }),
  peerPort: fc.option(fc.integer({ min: 1, max: 65_535 }), { nil: undefined }),
  claims: fc.array(claim, { maxLength: 3 }),
});
const index = fc.nat(OPTIONS.length - 1);

describe("whatever comes over the wire", () => {
  test(
    "nothing throws, the answer is canonical, bounded and proven, and the quick answer equals the proof",
    () => {
      fc.assert(
        fc.property(index, connection, headers, (which, from, said) => {
          const policy = POLICIES[which]!;
          const resolution = resolve({ connection: from, headers: said }, policy);
          const { client, nearest, stop, hops, warnings, origin } = resolution;
          expect(clientAddress(from, said, policy)).toBe(client?.address);
          const proven = stop === "untrusted-hop" || stop === "path-exhausted";
          expect(client).toBe(proven ? nearest : undefined);
          expect(parseAddress(nearest?.address ?? "")?.text).toBe(nearest?.address);
          expect([undefined, Math.min(65_535, Math.max(1, nearest?.port ?? 1))]).toContain(nearest?.port);
          const machines = hops.filter(
            ({ endpoint, verdict }) => endpoint !== undefined && !(verdict.trusted && verdict.rule.endsWith("skip")),
          );
          expect(machines.at(-1)?.endpoint?.address).toBe(nearest?.address);
          expect(hops.length).toBeGreaterThan(0);
          expect(hops.length).toBeLessThanOrEqual(2 * HOP_LIMIT);
          // Every machine but the last was believed; the last may be.
          for (const { verdict } of hops.slice(0, -1)) expect(verdict.trusted).toBe(true);
          expect(hops.every(({ raw }) => raw.length <= 129)).toBe(true);
          expect(formatResolution(resolution).split("\n")).toHaveLength(1 + hops.length + warnings.length);
          expect(origin.host ?? "").not.toMatch(/[\s,"]/);
          expect(JSON.parse(JSON.stringify(resolution))).toMatchObject({ stop });
        }),
        share(0.4),
      );
    },
    TIMEOUT_MS,
  );

  test(
    "a header or a claim of a machine that no rule names never changes the client",
    () => {
      let compared = 0;
      fc.assert(
        fc.property(
          index,
          connection,
          headers,
          headers,
          fc.array(claim, { maxLength: 2 }),
          (which, from, said, other, claims) => {
            const policy = POLICIES[which]!;
            const { hops, client } = resolve({ connection: from, headers: said }, policy);
            if (hops[0]!.verdict.trusted) return;
            // A demand for a header is met by the request: that is what it is for.
            const [met, unmet] = [said?.["x-secret"], other?.["x-secret"]];
            if (met !== unmet) return;
            // Nor is anything known of such a machine before there is a request.
            if (policy.demandedHeaders > 0 && (said === undefined) !== (other === undefined)) return;
            compared++;
            const changed = resolve({ connection: { ...from, claims }, headers: other }, policy);
            expect(changed.client).toEqual(client);
            expect(changed.hops).toEqual(hops);
            expect(changed.origin).toMatchObject({ protocol: undefined, port: undefined });
            expect(changed.origin.hostFrom).not.toBe("hop");
          },
        ),
        share(0.2),
      );
      expect(compared).toBeGreaterThan(RUNS * 0.2 * 0.2);
    },
    TIMEOUT_MS,
  );

  test(
    "a client's own address, asked about again, is itself",
    () => {
      let asked = 0;
      fc.assert(
        fc.property(index, connection, headers, (which, from, said) => {
          const client = clientAddress(from, said, POLICIES[which]!);
          if (client === undefined) return;
          asked++;
          const direct: Connection = { transport: "tcp", peer: client, peerPort: undefined, claims: [] };
          for (const policy of [POLICIES[which]!, POLICIES.at(-1)!]) {
            const again = resolve({ connection: direct, headers: {} }, policy);
            expect(again.nearest?.address).toBe(client);
          }
          expect(clientAddress(direct, undefined, POLICIES.at(-1)!)).toBe(client);
        }),
        share(0.2),
      );
      expect(asked).toBeGreaterThan(RUNS * 0.2 * 0.2);
    },
    TIMEOUT_MS,
  );
});

/** The short form over X-Forwarded-For, written without any care for time: split, reverse, loop. */
function walkNaively(
  prefixes: readonly Prefix[],
  peer: string,
  header: string,
): { client: string | undefined; nearest: string | undefined } {
  const isBelieved = (machine: string): boolean => prefixes.some((prefix) => covers(prefix, machine));
  const readElement = (element: string): string | undefined => {
    if (element.length > 64) return undefined;
    const bracketed = /^\[([^\]]*)\](?::(\d+))?$/.exec(element);
    const ported = /^([\d.]+):(\d+)$/.exec(element);
    const [, host = element, port] = bracketed ?? ported ?? [];
    if (port !== undefined && (Number(port) > 65_535 || !/^(?:0|[1-9]\d{0,4})$/.test(port))) return undefined;
    const parsed = parseAddress(host);
    if (bracketed !== null && !host.includes(":")) return undefined;
    return parsed === undefined || parsed.words.every((word) => word === 0) ? undefined : parsed.text;
  };
  const machine = parseAddress(peer);
  if (machine === undefined || machine.words.every((word) => word === 0))
    return { client: undefined, nearest: undefined };
  let nearest = machine.text;
  if (!isBelieved(nearest)) return { client: nearest, nearest };
  const elements = header.split(",").map((element) => element.replace(/^[ \t]+|[ \t]+$/g, ""));
  if (elements.every((element) => element === "")) return { client: undefined, nearest };
  for (const trimmed of elements.toReversed()) {
    if (trimmed === "") continue;
    const claimed = readElement(trimmed);
    if (claimed === undefined) return { client: undefined, nearest };
    nearest = claimed;
    if (!isBelieved(nearest)) return { client: nearest, nearest };
  }
  return { client: nearest, nearest };
}

test(
  "a walker that splits and loops finds the same client",
  () => {
    const prefixes = ["10.0.0.0/8", "127.0.0.0/8", "fd00::/8", "::1", "fe80::%eth0/64"];
    const policy = compilePolicy({ trust: prefixes, from: "x-forwarded-for" });
    const parsed = prefixes.map((prefix) => parsePrefix(prefix)!);
    const edited = fc
      .tuple(listText, fc.array(fc.tuple(fc.nat(), fc.constantFrom(..."019af:., []x\t".split(""))), { maxLength: 2 }))
      .map(([text, edits]) =>
        edits.reduce((current, [place, mark]) => {
          const at = place % (current.length + 1);
          return current.slice(0, at) + mark + current.slice(at);
        }, text),
      );
    fc.assert(
      fc.property(address, edited, (peer, header) => {
        fc.pre(header.split(",").length <= Math.min(ELEMENT_LIMIT, HOP_LIMIT - 1) && header.length < 512);
        const { client, nearest } = resolve(
          { connection: { transport: "tcp", peer, peerPort: 1, claims: [] }, headers: { "x-forwarded-for": header } },
          policy,
        );
        expect({ client: client?.address, nearest: nearest?.address }).toEqual(walkNaively(parsed, peer, header));
      }),
      share(0.2),
    );
  },
  TIMEOUT_MS,
);
