import fc from "fast-check";
import { expect, test } from "vitest";
import type { ConnectionClaim } from "../evidence/claim.ts";
import type { Connection, Headers } from "../evidence/evidence.ts";
import { createPeerMemory } from "../evidence/peer-memory.ts";
import { compilePolicy, type Policy } from "../policy/policy.ts";
import type { PolicyOptions } from "../policy/policy-options.ts";
import { clientAddress, resolve, type Resolution } from "../resolution/resolution.ts";

/** Runs of all properties here together: 100,000 in CI, 20,000 at the desk, or as many as WHEREFROM_FUZZ_RUNS says. */
const RUNS = Number(process.env["WHEREFROM_FUZZ_RUNS"] || (process.env["CI"] === undefined ? 20_000 : 100_000));
const share = (part: number): { numRuns: number } => ({ numRuns: Math.ceil(RUNS * part) });
/** At 100,000 runs, in milliseconds, on a slow machine. */
const TIMEOUT_MS = 120_000 + RUNS;

const SECRETS = ["correct horse", "battery staple"] as const;
const ORIGIN_HEADERS = ["x-forwarded-proto", "x-forwarded-host", "x-forwarded-port"] as const;
const WITH = { header: "x-secret", equals: SECRETS } as const;
const OPTIONS: readonly PolicyOptions[] = [
  { trust: ["10.0.0.0/8"], from: "x-forwarded-for", origin: ORIGIN_HEADERS },
  { trust: ["10.0.0.0/8"], from: "x-forwarded-for" },
  { trust: ["10.0.0.0/8"], from: "x-forwarded-for", with: WITH },
  { trust: ["10.0.0.0/8"], from: "x-forwarded-for", with: { ...WITH, machines: 2 }, origin: ["x-forwarded-host"] },
  { trust: ["0.0.0.0/0", "::/0"], from: "x-forwarded-for", with: WITH },
  { trust: ["0.0.0.0/1", "128.0.0.0/1"], from: "x-real-ip", originIsPrivate: true },
  { trust: ["10.0.0.0/8"], from: ["proxy-protocol", "forwarded"] },
  { trust: ["10.0.0.0/8"], from: ["toa", "x-forwarded-for"], silent: "is-client" },
  { trust: ["10.0.0.0/8"], from: "x-real-ip", with: { certificate: "authorized" } },
  { hops: 2, peers: ["10.0.0.0/8"], from: "x-forwarded-for", origin: ["x-forwarded-proto"] },
  {
    rules: [
      { peers: ["10.0.0.0/16"], says: "proxy-protocol", origin: ["x-forwarded-proto"] },
      { peers: ["10.1.0.0/16"], says: "x-forwarded-for", with: WITH },
      { peers: ["10.2.0.0/16"], says: "x-real-ip", appends: ["x-forwarded-for"], with: WITH },
      { peers: ["10.3.0.0/16"], says: "forwarded" },
      { peers: ["10.4.0.0/16"], says: { all: ["x-forwarded-for", "x-real-ip"] } },
    ],
    infrastructure: ["10.5.0.0/16"],
  },
  { trust: [] },
];
const POLICIES: readonly Policy[] = OPTIONS.map((options) => compilePolicy(options));

const address = fc.constantFrom(
  "10.0.0.1",
  "10.0.0.2",
  "10.1.0.1",
  "10.2.0.1",
  "10.3.0.1",
  "10.4.0.1",
  "10.5.0.1",
  "::ffff:10.1.0.2",
  "203.0.113.7",
  "6.6.6.6",
  "2001:db8::1",
  "unknown",
  "<b>",
);
const list = fc.array(address, { minLength: 1, maxLength: 5 }).map((elements) => elements.join(", "));
const element = fc
  .tuple(address, fc.constantFrom("", ";proto=https;host=a.example", ";host=evil.example"))
  .map(([node, more]) => (node.includes(":") ? `for="[${node}]"${more}` : `for=${node}${more}`));
const headers: fc.Arbitrary<Headers> = fc.record(
  {
    "x-forwarded-for": list,
    "x-real-ip": fc.oneof(address, list),
    forwarded: fc.array(element, { minLength: 1, maxLength: 3 }).map((elements) => elements.join(", ")),
    "x-secret": fc.constantFrom(...SECRETS, "guessed", `${SECRETS[0]}, ${SECRETS[0]}`),
    "x-forwarded-proto": fc.constantFrom("https", "http", "https, http", "gopher"),
    "x-forwarded-host": fc.constantFrom("a.example", "evil.example", "evil.com:fake@a.example"),
    "x-forwarded-port": fc.constantFrom("443", "1337", "0"),
    host: fc.constantFrom("a.example", "evil.com:fake@a.example", "a, b"),
  },
  { requiredKeys: [] },
);
const claim: fc.Arbitrary<ConnectionClaim> = fc.record({
  method: fc.constantFrom("toa", "proxy-protocol"),
  format: fc.constant("wire"),
  raw: fc.constant(""),
  says: fc.constantFrom("address", "address", "address", "self", "unknown", "malformed"),
  endpoint: fc.record({ address, port: fc.constantFrom(undefined, 443) }),
});
const connection: fc.Arbitrary<Connection> = fc.record({
  transport: fc.constantFrom("tcp", "tcp", "tcp", "udp", "unverified"),
  peer: address,
  peerPort: fc.constant(50_000),
  claims: fc.array(claim, { maxLength: 2 }),
  certificate: fc.constantFrom(undefined, { authorized: true, fingerprint256: "AB" }),
});
const policy = fc.nat(OPTIONS.length - 1).map((index) => POLICIES[index]!);

/** All that an answer says, as text. */
const told = (resolution: Resolution): string => JSON.stringify(resolution);

/** The same object, where each look at a property of it calls `interrupt` first. */
function watched<Item extends object>(item: Item, interrupt: () => void): Item {
  const copy = {} as Item;
  for (const key of Object.keys(item) as (keyof Item)[]) {
    Object.defineProperty(copy, key, { enumerable: true, get: () => (interrupt(), item[key]) });
  }
  return copy;
}

/** Most looks at one request that are interrupted. */
const INTERRUPTIONS = 8;

test(
  "a walk that is asked for within another one changes neither answer",
  () => {
    let interruptions = 0;
    fc.assert(
      fc.property(policy, connection, headers, policy, connection, headers, (one, from, said, other, peer, texts) => {
        const outer = resolve({ connection: from, headers: said }, one);
        const inner = resolve({ connection: peer, headers: texts }, other);
        const expected = [told(inner), inner.client?.address];
        let depth = 0;
        let left = INTERRUPTIONS;
        const interrupt = (): void => {
          if (depth > 0 || left-- <= 0) return;
          depth++;
          interruptions++;
          const again = told(resolve({ connection: peer, headers: texts }, other));
          expect([again, clientAddress(peer, texts, other)]).toEqual(expected);
          depth--;
        };
        const asked = watched({ ...from, claims: from.claims.map((each) => watched(each, interrupt)) }, interrupt);
        const lazy = watched(said, interrupt);
        expect(clientAddress(asked, lazy, one)).toBe(outer.client?.address);
        left = INTERRUPTIONS;
        expect(told(resolve({ connection: asked, headers: lazy }, one))).toBe(told(outer));
      }),
      share(0.05),
    );
    expect(interruptions).toBeGreaterThan(RUNS * 0.05);
  },
  TIMEOUT_MS,
);

test(
  "where lines were left out, no client, protocol or port depends on a header",
  () => {
    fc.assert(
      fc.property(policy, connection, headers, headers, (rules, from, said, others) => {
        const answers = [said, others].map((texts) => {
          const { client, stop, origin } = resolve({ connection: from, headers: texts, headersCutAt: 1000 }, rules);
          expect(clientAddress(from, texts, rules, undefined, 1000)).toBe(client?.address);
          expect(origin.hostFrom).not.toBe("hop");
          return { client, stop, protocol: origin.protocol, port: origin.port };
        });
        expect(answers[0]).toEqual(answers[1]);
      }),
      share(0.25),
    );
  },
  TIMEOUT_MS,
);

test(
  "a header of protocol, host or port that no rule vouches for changes no origin",
  () => {
    fc.assert(
      fc.property(policy, connection, headers, headers, (rules, from, said, others) => {
        const vouched = new Set(rules.rules.flatMap((rule) => rule?.origin.map(({ header }) => header) ?? []));
        const changed: Record<string, unknown> = { ...said };
        for (const name of ORIGIN_HEADERS) if (!vouched.has(name)) changed[name] = others[name];
        const { origin } = resolve({ connection: from, headers: changed as Headers }, rules);
        expect(origin).toEqual(resolve({ connection: from, headers: said }, rules).origin);
      }),
      share(0.25),
    );
  },
  TIMEOUT_MS,
);

test(
  "a secret proves no more machines than its rule says, and none without it",
  () => {
    fc.assert(
      fc.property(fc.constantFrom(2, 3, 4), connection, headers, (index, from, said) => {
        const { hops } = resolve({ connection: from, headers: said }, POLICIES[index]!);
        const believed = hops.filter(({ verdict }) => verdict.trusted).length;
        const isShown = SECRETS.some((secret) => secret === said["x-secret"]);
        expect(believed).toBeLessThanOrEqual(isShown ? (index === 3 ? 2 : 1) : 0);
      }),
      share(0.25),
    );
  },
  TIMEOUT_MS,
);

test(
  "a connection that remembers another peer, or another policy, answers as a fresh one",
  () => {
    const memory = createPeerMemory();
    fc.assert(
      fc.property(policy, connection, headers, (rules, from, said) => {
        const kept = resolve({ connection: { ...from, memory }, headers: said }, rules);
        expect(told(kept)).toBe(told(resolve({ connection: from, headers: said }, rules)));
      }),
      share(0.2),
    );
  },
  TIMEOUT_MS,
);
