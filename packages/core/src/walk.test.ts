import { describe, expect, test } from "vitest";
import type { ConnectionClaim, ConnectionMethod, Stop } from "./claim.ts";
import { ELEMENT_LIMIT } from "./header-reader.ts";
import type { Connection, Headers, Transport } from "./evidence.ts";
import { createPeerMemory } from "./peer-memory.ts";
import { compilePolicy, HOP_LIMIT, type PolicyOptions, type RuleOptions, type Silence } from "./policy.ts";
import { clientAddress, resolve, type Resolution } from "./resolution.ts";

const CLIENT = "203.0.113.7";
const FORGED = "9.9.9.9";
const trusted: PolicyOptions = { trust: ["10.0.0.0/8"], from: "x-forwarded-for" };

function from(peer: string | undefined, more: Partial<Connection> = {}): Connection {
  return { transport: "tcp", peer, peerPort: 40_000, claims: [], ...more };
}

function claimOf(method: ConnectionMethod, address: string, more: Partial<ConnectionClaim> = {}): ConnectionClaim {
  return {
    method,
    format: method,
    raw: `${method} ${address}`,
    says: "address",
    endpoint: { address, port: 50_000 },
    ...more,
  };
}

/** The proof, held equal to the quick answer. */
function ask(options: PolicyOptions, connection: Connection, headers?: Headers): Resolution {
  const policy = compilePolicy(options);
  const resolution = resolve({ connection, headers }, policy);
  expect(clientAddress(connection, headers, policy)).toBe(resolution.client?.address);
  expect(resolution.client).toBe(resolution.client && resolution.nearest);
  return resolution;
}

const list = (text: string): Headers => ({ "x-forwarded-for": text });

describe("rule 1: the walk goes from the nearest", () => {
  test.each([
    { title: "a list", headers: list(FORGED) },
    { title: "a list that names a believed machine", headers: list(`${FORGED}, 10.0.0.1`) },
    {
      title: "every header that exists",
      headers: {
        ...list(FORGED),
        "x-real-ip": FORGED,
        "cf-connecting-ip": FORGED,
        "true-client-ip": FORGED,
        forwarded: `for=${FORGED}`,
      },
    },
    { title: "garbage", headers: list("<script>") },
    { title: "8 KiB", headers: list(`${FORGED},`.repeat(1000)) },
  ])("a header from an untrusted peer never changes the client: $title", ({ headers }) => {
    const { client, stop, hops, method } = ask(trusted, from("203.0.113.50"), headers);
    expect(client).toEqual({ address: "203.0.113.50", port: 40_000 });
    expect([stop, method, hops.length]).toEqual(["untrusted-hop", "socket", 1]);
    expect(hops[0]?.verdict).toEqual({ trusted: false, reason: "no-rule" });
  });

  test("a connection claim of an untrusted peer changes nothing", () => {
    const connection = from("203.0.113.50", { claims: [claimOf("proxy-protocol", FORGED)] });
    const { client } = ask({ trust: ["10.0.0.0/8"], from: "proxy-protocol" }, connection);
    expect(client?.address).toBe("203.0.113.50");
  });

  test("what stands left of an untrusted machine is not read", () => {
    expect(ask(trusted, from("10.0.0.1"), list(`10.0.0.2, <garbage>, ${CLIENT}`)).client?.address).toBe(CLIENT);
  });
});

describe("rule 2: a rule names machines and what they say", () => {
  const rules: RuleOptions[] = [
    { name: "l4", peers: ["10.9.0.0/16"], says: "proxy-protocol" },
    { name: "ingress", peers: ["10.1.0.0/16"], says: "x-forwarded-for" },
    { name: "cdn", peers: ["198.51.100.0/24"], says: "cf-connecting-ip" },
  ];

  test("PROXY, an appending ingress and a CDN are three rules and one walk", () => {
    const connection = from("10.9.0.1", { claims: [claimOf("proxy-protocol", "10.1.0.1")] });
    const headers = { ...list(`${FORGED}, 198.51.100.9`), "cf-connecting-ip": CLIENT };
    const { client, method, stop, hops } = ask({ rules }, connection, headers);
    expect(client).toEqual({ address: CLIENT, port: undefined });
    expect([method, stop]).toEqual(["single-header", "untrusted-hop"]);
    expect(hops.map(({ method: by, format, endpoint, verdict }) => [by, format, endpoint?.address, verdict])).toEqual([
      ["socket", "tcp", "10.9.0.1", { trusted: true, rule: "l4 10.9.0.0/16" }],
      ["proxy-protocol", "proxy-protocol", "10.1.0.1", { trusted: true, rule: "ingress 10.1.0.0/16" }],
      ["x-forwarded-for", "x-forwarded-for", "198.51.100.9", { trusted: true, rule: "cdn 198.51.100.0/24" }],
      ["single-header", "cf-connecting-ip", CLIENT, { trusted: false, reason: "no-rule" }],
    ]);
  });

  test("only the carrier that the rule names is read", () => {
    expect(ask(trusted, from("10.0.0.1"), { "x-real-ip": FORGED, "cf-connecting-ip": FORGED }).client?.address).toBe(
      "10.0.0.1",
    );
  });

  test("look-alike names are other headers", () => {
    const headers = { x_forwarded_for: FORGED, "x.forwarded.for": FORGED, "x-forwarded-for ": FORGED };
    expect(ask(trusted, from("10.0.0.1"), headers).client?.address).toBe("10.0.0.1");
  });

  test("two rules that read one list share its place", () => {
    const options: PolicyOptions = {
      rules: [
        { peers: ["10.1.0.0/16"], says: "x-forwarded-for" },
        { peers: ["10.2.0.0/16"], says: "x-forwarded-for" },
      ],
    };
    expect(ask(options, from("10.1.0.1"), list(`${FORGED}, ${CLIENT}, 10.1.0.2, 10.2.0.1`)).client?.address).toBe(
      CLIENT,
    );
  });

  test("a list is taken up where it was left, after another header was read", () => {
    const options: PolicyOptions = {
      rules: [
        { peers: ["10.1.0.0/16", "10.3.0.0/16"], says: "x-forwarded-for" },
        { peers: ["10.2.0.0/16"], says: "x-real-ip" },
      ],
    };
    const headers = { ...list(`${FORGED}, ${CLIENT}, 10.2.0.1`), "x-real-ip": "10.3.0.1" };
    expect(ask(options, from("10.1.0.1"), headers).client?.address).toBe(CLIENT);
  });

  test("says nothing carves a range of clients out of a believed prefix", () => {
    const options: PolicyOptions = {
      rules: [
        { peers: ["10.0.0.0/8"], says: "x-forwarded-for" },
        { peers: ["10.200.0.0/16"], says: "nothing" },
      ],
    };
    expect(ask(options, from("10.200.0.7"), list(FORGED))).toMatchObject({
      client: { address: "10.200.0.7" },
      stop: "path-exhausted",
    });
  });

  describe("{ all } demands agreement", () => {
    const options: PolicyOptions = {
      trust: ["10.0.0.0/8"],
      from: { all: ["x-forwarded-for", "x-real-ip", "cloudfront-viewer-address"] },
    };
    test.each<[title: string, headers: Headers, client: string | undefined, stop: Stop]>([
      [
        "all agree",
        { ...list(CLIENT), "x-real-ip": CLIENT, "cloudfront-viewer-address": `${CLIENT}:443` },
        CLIENT,
        "untrusted-hop",
      ],
      [
        "all agree in other spellings",
        { ...list(`::ffff:${CLIENT}`), "x-real-ip": CLIENT, "cloudfront-viewer-address": `::ffff:cb00:7107:443` },
        CLIENT,
        "untrusted-hop",
      ],
      [
        "all agree on IPv6",
        { ...list("2001:DB8::1"), "x-real-ip": "[2001:db8::1]", "cloudfront-viewer-address": "2001:db8::1:443" },
        "2001:db8::1",
        "untrusted-hop",
      ],
      [
        "the second disagrees",
        { ...list(CLIENT), "x-real-ip": FORGED, "cloudfront-viewer-address": `${CLIENT}:443` },
        undefined,
        "conflict",
      ],
      [
        "the third disagrees",
        { ...list(CLIENT), "x-real-ip": CLIENT, "cloudfront-viewer-address": `${FORGED}:443` },
        undefined,
        "conflict",
      ],
      [
        "the last word of IPv6 disagrees",
        { ...list("2001:db8::1"), "x-real-ip": "2001:db8::2", "cloudfront-viewer-address": "2001:db8::1:443" },
        undefined,
        "conflict",
      ],
      [
        "the second word of IPv6 disagrees",
        { ...list("2001:db8::1"), "x-real-ip": "2001:db8:1::1", "cloudfront-viewer-address": "2001:db8::1:443" },
        undefined,
        "conflict",
      ],
      [
        "the third word of IPv6 disagrees",
        { ...list("2001:db8::1"), "x-real-ip": "2001:db8::1:0:1", "cloudfront-viewer-address": "2001:db8::1:443" },
        undefined,
        "conflict",
      ],
      [
        "the families disagree",
        { ...list("::203.0.113.7"), "x-real-ip": CLIENT, "cloudfront-viewer-address": `${CLIENT}:443` },
        undefined,
        "conflict",
      ],
      ["one is missing", { ...list(CLIENT), "x-real-ip": CLIENT }, undefined, "conflict"],
      [
        "the first is missing",
        { "x-real-ip": CLIENT, "cloudfront-viewer-address": `${CLIENT}:443` },
        undefined,
        "conflict",
      ],
      [
        "one is garbage",
        { ...list(CLIENT), "x-real-ip": "<b>", "cloudfront-viewer-address": `${CLIENT}:443` },
        undefined,
        "conflict",
      ],
      [
        "the first is garbage",
        { ...list("<b>"), "x-real-ip": CLIENT, "cloudfront-viewer-address": `${CLIENT}:443` },
        undefined,
        "malformed-hop",
      ],
      [
        "the last is garbage",
        { ...list(CLIENT), "x-real-ip": CLIENT, "cloudfront-viewer-address": "<b>" },
        undefined,
        "malformed-hop",
      ],
      ["all are missing", {}, "10.0.0.1", "path-exhausted"],
    ])("%s", (_, headers, client, stop) => {
      expect(ask(options, from("10.0.0.1"), headers)).toMatchObject({
        client: client === undefined ? undefined : { address: client },
        stop,
      });
    });

    test("the answer has the first header's method, text and port", () => {
      const headers = {
        ...list(`${CLIENT}:1234`),
        "x-real-ip": `${CLIENT}:99`,
        "cloudfront-viewer-address": `${CLIENT}:443`,
      };
      const { client, method, hops } = ask(options, from("10.0.0.1"), headers);
      expect([client, method]).toEqual([{ address: CLIENT, port: 1234 }, "x-forwarded-for"]);
      expect(hops[1]).toMatchObject({ format: "x-forwarded-for", raw: `${CLIENT}:1234` });
    });

    test("agreement is asked for at every machine, and the list is taken up where it was left", () => {
      const two: PolicyOptions = {
        trust: ["10.0.0.0/8"],
        from: { all: ["x-forwarded-for", { header: "x-other-for", form: "list" }] },
      };
      const agreed = { ...list(`${FORGED}, ${CLIENT}, 10.0.0.2`), "x-other-for": `${CLIENT},10.0.0.2` };
      expect(ask(two, from("10.0.0.1"), agreed).client?.address).toBe(CLIENT);
      const forged = { ...list(`${CLIENT}, 10.0.0.2`), "x-other-for": `${FORGED}, 10.0.0.2` };
      expect(ask(two, from("10.0.0.1"), forged)).toMatchObject({
        client: undefined,
        nearest: { address: "10.0.0.2" },
        stop: "conflict",
      });
    });
  });

  describe("appends", () => {
    const options: PolicyOptions = {
      rules: [
        { peers: ["10.1.0.0/16"], says: "x-real-ip", appends: ["x-forwarded-for"] },
        { peers: ["10.2.0.0/16"], says: "x-forwarded-for" },
      ],
    };

    test("the element that a machine appends besides is passed over", () => {
      const headers = { ...list(`${FORGED}, ${CLIENT}, 10.2.0.1`), "x-real-ip": "10.2.0.1" };
      expect(ask(options, from("10.1.0.1"), headers).client?.address).toBe(CLIENT);
    });

    test("where it appended nothing, nothing is passed over", () => {
      expect(ask(options, from("10.1.0.1"), { "x-real-ip": CLIENT }).client?.address).toBe(CLIENT);
    });

    test("an appended element that is no address is not stepped over to reach what stands left of it", () => {
      const headers = { ...list(`${FORGED}, 10.2.0.1x`), "x-real-ip": "10.2.0.1" };
      const { client, nearest, stop, hops } = ask(options, from("10.1.0.1"), headers);
      expect([client, nearest?.address, stop]).toEqual([undefined, "10.1.0.1", "malformed-hop"]);
      expect(hops.at(-1)).toMatchObject({ format: "x-forwarded-for", raw: "10.2.0.1x", endpoint: undefined });
    });

    test("a list of empty elements is not stepped through without end", () => {
      const headers = { ...list(`${FORGED}${",".repeat(ELEMENT_LIMIT + 1)}`), "x-real-ip": "10.2.0.1" };
      expect(ask(options, from("10.1.0.1"), headers)).toMatchObject({ client: undefined, stop: "hop-limit" });
    });
  });

  describe("skip", () => {
    const google = (skip: number): PolicyOptions => ({
      trust: ["35.191.0.0/16"],
      from: { header: "x-forwarded-for", skip },
    });

    test("the elements that a machine writes about itself are in the proof, as its own", () => {
      const { client, hops } = ask(google(2), from("35.191.0.1"), list(`${FORGED}, ${CLIENT}, 34.1.1.1, 34.1.1.2`));
      expect(client?.address).toBe(CLIENT);
      expect(hops.map(({ raw, verdict }) => [raw, verdict])).toEqual([
        ["35.191.0.1", { trusted: true, rule: "35.191.0.0/16" }],
        ["34.1.1.2", { trusted: true, rule: "skip" }],
        ["34.1.1.1", { trusted: true, rule: "skip" }],
        [CLIENT, { trusted: false, reason: "no-rule" }],
      ]);
    });

    test("an element of its own that is no address stops the walk", () => {
      expect(ask(google(1), from("35.191.0.1"), list(`${FORGED}, x`))).toMatchObject({
        client: undefined,
        stop: "malformed-hop",
      });
    });
  });

  test("a header that every object has by inheritance is a header that is not there", () => {
    const options: PolicyOptions = { trust: ["10.0.0.0/8"], from: { header: "constructor" } };
    expect(ask(options, from("10.0.0.1"), {})).toMatchObject({
      client: { address: "10.0.0.1" },
      stop: "path-exhausted",
    });
    expect(ask({ ...options, from: { header: "__proto__", form: "list" } }, from("10.0.0.1"), {}).stop).toBe(
      "path-exhausted",
    );
  });
});

describe("rule 3: client or nearest", () => {
  test.each([
    { title: "unknown", element: "unknown" },
    { title: "an obfuscated node", element: "_hidden" },
    { title: "a host name", element: "localhost" },
    { title: "markup", element: "<b>" },
    { title: "octal text", element: "010.0.0.5" },
    { title: "a no-break space", element: "10.0.0.5\u00a0" },
    { title: "a vertical tab", element: "\v10.0.0.5" },
    { title: "two addresses and a space", element: "10.0.0.5 10.0.0.6" },
    { title: "a semicolon", element: "10.0.0.5; 10.0.0.6" },
    { title: "a quoted address", element: '"10.0.0.5"' },
    { title: "::", element: "::" },
    { title: "a mapped 0.0.0.0", element: "::ffff:0.0.0.0" },
    { title: "a zone on a global address", element: "2001:db8::1%eth0" },
    { title: "an address behind 64 spaces", element: `10.0.0.5${" ".repeat(64)}` },
    { title: "100 letters", element: "x".repeat(100) },
    { title: "100 letters and an address", element: `${"x".repeat(100)}10.0.0.5` },
    { title: "100 spaces", element: " ".repeat(100) },
  ])("garbage is never stepped over: $title", ({ element }) => {
    for (const text of [`${FORGED},${element},10.0.0.2`, `${FORGED}, ${element} , 10.0.0.2`]) {
      const { client, nearest, stop, hops } = ask(trusted, from("10.0.0.1"), list(text));
      expect(client).toBeUndefined();
      expect([nearest?.address, stop]).toEqual(["10.0.0.2", "malformed-hop"]);
      expect(hops.at(-1)).toMatchObject({ endpoint: undefined, verdict: { trusted: false, reason: "not-an-address" } });
    }
  });

  test.each([
    { title: "spaces and tabs", text: `${FORGED} ,\t ${CLIENT}\t,\t 10.0.0.2 \t` },
    { title: "no white space", text: `${FORGED},${CLIENT},10.0.0.2` },
    { title: "empty elements (RFC 9110, 5.6.1.2)", text: `${FORGED}, ,${CLIENT},,\t, 10.0.0.2,` },
    { title: "a zone behind", text: `${CLIENT}, 10.0.0.2, 10.0.0.3:80` },
    { title: "60 spaces", text: `${CLIENT},${" ".repeat(50)}10.0.0.2` },
    { title: "the first element behind white space", text: `  ${CLIENT} , 10.0.0.2` },
    { title: "an empty first element", text: `,${CLIENT}, 10.0.0.2` },
  ])("white space is SP and HTAB, and empty elements are nothing: $title", ({ text }) => {
    expect(ask(trusted, from("10.0.0.1"), list(text)).client?.address).toBe(CLIENT);
  });

  const silences: [silent: Silence | undefined, overHttp: Stop, overToa: Stop][] = [
    [undefined, "path-exhausted", "carrier-absent"],
    ["is-client", "path-exhausted", "path-exhausted"],
    ["unknown", "carrier-absent", "carrier-absent"],
    ["self", "self", "self"],
  ];
  test.each(silences)(
    "silent: %s ends a missing header in %s and a missing option in %s",
    (silent, overHttp, overToa) => {
      const more = silent === undefined ? {} : { silent };
      for (const headers of [{}, list(""), list(" , ")]) {
        expect(ask({ trust: ["10.0.0.0/8"], from: "x-forwarded-for", ...more }, from("10.0.0.1"), headers).stop).toBe(
          overHttp,
        );
      }
      const { stop, client, nearest } = ask({ trust: ["10.0.0.0/8"], from: "toa", ...more }, from("10.0.0.1"));
      expect(stop).toBe(overToa);
      expect(client?.address).toBe(overToa === "path-exhausted" ? "10.0.0.1" : undefined);
      expect(nearest?.address).toBe("10.0.0.1");
    },
  );

  test("before there is a request, a machine that says a header has said nothing yet", () => {
    expect(ask(trusted, from("10.0.0.1"), undefined)).toMatchObject({
      client: undefined,
      nearest: { address: "10.0.0.1" },
      stop: "carrier-absent",
    });
    const chained = from("10.0.0.1", { claims: [claimOf("toa", "10.0.0.2")] });
    expect(ask({ trust: ["10.0.0.0/8"], from: ["toa", "x-forwarded-for"] }, chained, undefined).stop).toBe(
      "carrier-absent",
    );
  });

  describe("infrastructure is never a client", () => {
    const nodes = ["10.50.0.0/16", "fe80::%eth0/64"];
    test("a walk that ends at a node has lost the address", () => {
      const options: PolicyOptions = { trust: ["10.0.0.0/8"], from: "x-forwarded-for", infrastructure: nodes };
      for (const headers of [{}, list("10.50.0.7")]) {
        const { client, stop, nearest } = ask(options, from("10.50.0.1"), headers);
        expect([client, stop, nearest?.address]).toEqual([
          undefined,
          "address-lost",
          "x-forwarded-for" in headers ? "10.50.0.7" : "10.50.0.1",
        ]);
      }
    });

    test("so has one that ends at a node that no rule names", () => {
      expect(ask({ trust: [], infrastructure: nodes }, from("10.50.0.1"), list(FORGED))).toMatchObject({
        client: undefined,
        stop: "address-lost",
      });
      expect(ask({ trust: [], infrastructure: nodes }, from("fe80::1%eth0")).stop).toBe("address-lost");
      expect(ask({ trust: [], infrastructure: nodes }, from("fe80::1%eth1")).stop).toBe("untrusted-hop");
    });

    test("a walk that passes one has not", () => {
      const options: PolicyOptions = { trust: ["10.0.0.0/8"], from: "x-forwarded-for", infrastructure: nodes };
      expect(ask(options, from("10.50.0.1"), list(CLIENT)).client?.address).toBe(CLIENT);
    });

    test("a walk that failed otherwise keeps its own reason", () => {
      const options: PolicyOptions = { trust: ["10.0.0.0/8"], from: "x-forwarded-for", infrastructure: nodes };
      expect(ask(options, from("10.50.0.1"), list("x")).stop).toBe("malformed-hop");
    });
  });
});

describe("rule 4: believed machines", () => {
  const chain = (machines: number): Headers =>
    list(Array.from({ length: machines }, (_, index) => `10.0.1.${index}`).join(", "));

  test("where all are believed the farthest is the client", () => {
    expect(ask(trusted, from("10.0.0.1"), list("10.0.0.3, 10.0.0.2"))).toMatchObject({
      client: { address: "10.0.0.3" },
      stop: "path-exhausted",
    });
  });

  test("a path of exactly the limit is walked to its end", () => {
    expect(ask(trusted, from("10.0.0.1"), chain(HOP_LIMIT - 1))).toMatchObject({
      client: { address: "10.0.1.0" },
      stop: "path-exhausted",
    });
    const headers = list(`${CLIENT}, ${chain(HOP_LIMIT - 2)["x-forwarded-for"] as string}`);
    expect(ask(trusted, from("10.0.0.1"), headers)).toMatchObject({
      client: { address: CLIENT },
      stop: "untrusted-hop",
    });
  });

  test("a path of one machine more has no client", () => {
    const { client, nearest, stop, hops } = ask(trusted, from("10.0.0.1"), chain(HOP_LIMIT));
    expect([client, nearest?.address, stop, hops.length]).toEqual([undefined, "10.0.1.1", "hop-limit", HOP_LIMIT]);
    const headers = list(`${CLIENT}, ${chain(HOP_LIMIT - 1)["x-forwarded-for"] as string}`);
    expect(ask(trusted, from("10.0.0.1"), headers)).toMatchObject({ client: undefined, stop: "hop-limit" });
  });

  test("a list is read up to 512 characters: eleven of the longest nodes, and all 32 of the longest IPv4 addresses", () => {
    const believed: PolicyOptions = { trust: ["10.0.0.0/8", "2001:db8::/32", "100.0.0.0/8"], from: "x-forwarded-for" };
    const nodes = (count: number): Headers =>
      list(`${CLIENT}${",[2001:db8:1111:2222:3333:4444:5555:6666]:65535".repeat(count)}`);
    expect(ask(believed, from("10.0.0.1"), nodes(10)).client?.address).toBe(CLIENT);
    expect(ask(believed, from("10.0.0.1"), nodes(12))).toMatchObject({ client: undefined, stop: "hop-limit" });
    const longest = list(`${CLIENT}${", 100.100.100.100".repeat(HOP_LIMIT - 2)}`);
    expect(ask(believed, from("10.0.0.1"), longest).client?.address).toBe(CLIENT);
  });

  test("a list is read up to the element limit, empty ones included", () => {
    const commas = (count: number): Headers => list(`${CLIENT}${",".repeat(count)}`);
    expect(ask(trusted, from("10.0.0.1"), commas(ELEMENT_LIMIT - 1)).client?.address).toBe(CLIENT);
    expect(ask(trusted, from("10.0.0.1"), commas(ELEMENT_LIMIT))).toMatchObject({
      client: undefined,
      stop: "hop-limit",
    });
  });
});

describe("rule 5: addresses are strict, wherever they stand", () => {
  test.each(["010.0.0.1", "0x0a.0.0.1", "167772161", "10.1", "10.0.0.01", "::10.0.0.1", "10.0.0.1\u00a0"])(
    "%s is not 10.0.0.1",
    (text) => {
      expect(ask(trusted, from(text), list(FORGED)).client?.address).not.toBe(FORGED);
      expect(ask(trusted, from("10.0.0.9"), list(`${FORGED}, ${text}`)).client?.address).not.toBe(FORGED);
    },
  );

  test.each(["0.0.0.0", "::", "::ffff:0.0.0.0"])("a peer %s is nobody's address", (peer) => {
    expect(ask({ trust: ["0.0.0.0/0", "::/0"], from: "x-forwarded-for" }, from(peer), list(FORGED))).toMatchObject({
      client: undefined,
      nearest: undefined,
      stop: "no-peer",
    });
  });

  test("::ffff:a.b.c.d gets the verdict of a.b.c.d, as peer and as claim", () => {
    for (const peer of ["10.0.0.1", "::ffff:10.0.0.1", "::FFFF:a00:1", "0:0:0:0:0:ffff:10.0.0.1"]) {
      const { client, hops } = ask(trusted, from(peer), list(`${FORGED}, ::ffff:${CLIENT}, ${peer}`));
      expect(client?.address).toBe(CLIENT);
      expect(hops.map(({ endpoint }) => endpoint?.address)).toEqual(["10.0.0.1", "10.0.0.1", CLIENT]);
    }
    expect(ask(trusted, from("::ffff:8.8.8.8"), list(FORGED)).client?.address).toBe("8.8.8.8");
  });

  test("a zone stays with its address in every answer", () => {
    const options: PolicyOptions = { trust: ["fe80::1%eth0", "10.0.0.0/8"], from: "x-forwarded-for" };
    expect(ask(options, from("fe80::1%eth0"), list("FE80::2%Eth1")).client).toEqual({
      address: "fe80::2%Eth1",
      port: undefined,
    });
    expect(ask(options, from("fe80::1%eth0"), {}).client?.address).toBe("fe80::1%eth0");
    expect(ask(options, from("10.0.0.1"), list("[fe80::2%eth0]:80")).client).toEqual({
      address: "fe80::2%eth0",
      port: 80,
    });
  });
});

describe("rule 6: hops and ranges", () => {
  const hops = (count: number): PolicyOptions => ({ hops: count, peers: ["10.0.0.0/8"], from: "x-forwarded-for" });

  test("nobody is believed by default", () => {
    expect(ask({ trust: [] }, from("127.0.0.1"), list(FORGED)).client?.address).toBe("127.0.0.1");
  });

  test("a count believes no peer outside of its ranges (GHSA-3m5p-2c4r-xxw2)", () => {
    expect(ask(hops(1), from("203.0.113.7"), list(FORGED)).client?.address).toBe("203.0.113.7");
  });

  test("claim n is the client, whatever stands left of it, and the proof says that it was counted", () => {
    const { client, hops: proof } = ask(hops(2), from("10.0.0.1"), list(`<b>, ${FORGED}, 10.0.0.3, 10.0.0.2`));
    expect(client?.address).toBe("10.0.0.3");
    expect(proof.at(-1)?.verdict).toEqual({ trusted: false, reason: "hop-count" });
  });

  test("fewer claims than machines are carrier-absent", () => {
    for (const headers of [{}, list(""), list("10.0.0.2")]) {
      expect(ask(hops(2), from("10.0.0.1"), headers)).toMatchObject({ client: undefined, stop: "carrier-absent" });
    }
  });

  test("a counted machine outside of the ranges is where the walk ends", () => {
    expect(ask(hops(3), from("10.0.0.1"), list(`${FORGED}, ${CLIENT}, 10.0.0.2`)).client?.address).toBe(CLIENT);
  });

  test("the largest count is walked whole", () => {
    const count = HOP_LIMIT - 1;
    const headers = list([FORGED, CLIENT, ...Array<string>(count - 1).fill("10.0.0.2")].join(","));
    expect(ask(hops(count), from("10.0.0.1"), headers).client?.address).toBe(CLIENT);
  });

  test("a counted machine must meet the demand, and the client, which is counted, need not", () => {
    const options: PolicyOptions = { ...hops(2), with: { header: "x-secret", equals: "12345678" } } as PolicyOptions;
    const headers = list(`${CLIENT}, 10.0.0.2`);
    expect(ask(options, from("10.0.0.1"), { ...headers, "x-secret": "12345678" }).client?.address).toBe(CLIENT);
    expect(ask(options, from("10.0.0.1"), headers)).toMatchObject({
      client: { address: "10.0.0.1" },
      hops: [{ verdict: { reason: "demand-unmet" } }],
    });
  });

  test("a counted client inside the infrastructure is lost", () => {
    expect(
      ask({ ...hops(1), infrastructure: ["10.5.0.0/16"] } as PolicyOptions, from("10.0.0.1"), list("10.5.0.1")),
    ).toMatchObject({ client: undefined, stop: "address-lost" });
  });
});

describe("rule 7: ranges are not identity", () => {
  const secret: PolicyOptions = {
    trust: ["198.51.100.0/24"],
    from: "cf-connecting-ip",
    with: { header: "x-origin-secret", equals: "correct horse" },
  };
  const claims = { "cf-connecting-ip": FORGED };

  test("a machine that shows the header is believed", () => {
    for (const shown of ["correct horse", ["correct horse"]]) {
      expect(ask(secret, from("198.51.100.1"), { ...claims, "x-origin-secret": shown }).client?.address).toBe(FORGED);
    }
  });

  test.each<[title: string, Headers]>([
    ["no header", claims],
    ["another text", { ...claims, "x-origin-secret": "battery staple" }],
    ["another text of the same length", { ...claims, "x-origin-secret": "correct horsf" }],
    ["its beginning", { ...claims, "x-origin-secret": "correct" }],
    ["the text twice", { ...claims, "x-origin-secret": "correct horsecorrect horse" }],
    ["the text and more", { ...claims, "x-origin-secret": "correct horse " }],
    ["other case", { ...claims, "x-origin-secret": "Correct horse" }],
    ["nothing", { ...claims, "x-origin-secret": "" }],
    ["two lines of it", { ...claims, "x-origin-secret": ["correct horse", "correct horse"] }],
  ])("a machine that shows %s is not", (_, headers) => {
    const { client, hops } = ask(secret, from("198.51.100.1"), headers);
    expect(client?.address).toBe("198.51.100.1");
    expect(hops[0]?.verdict).toEqual({ trusted: false, reason: "demand-unmet" });
  });

  test("before there is a request the header cannot be shown", () => {
    expect(ask(secret, from("198.51.100.1"), undefined).hops[0]?.verdict).toMatchObject({ reason: "demand-unmet" });
  });

  test("the demand is made of a farther machine as well", () => {
    const options: PolicyOptions = {
      rules: [
        { peers: ["10.0.0.0/8"], says: "x-forwarded-for" },
        {
          peers: ["198.51.100.0/24"],
          says: "cf-connecting-ip",
          with: { header: "x-origin-secret", equals: "correct horse" },
        },
      ],
    };
    const headers = { ...claims, ...list("198.51.100.1") };
    expect(ask(options, from("10.0.0.1"), headers)).toMatchObject({
      client: { address: "198.51.100.1" },
      stop: "untrusted-hop",
    });
    expect(ask(options, from("10.0.0.1"), { ...headers, "x-origin-secret": "correct horse" }).client?.address).toBe(
      FORGED,
    );
  });

  const fingerprint256 = Array<string>(32).fill("AB").join(":");
  test.each([
    {
      title: "any authorised one",
      demand: "authorized" as const,
      shown: { authorized: true, fingerprint256 },
      believed: true,
    },
    {
      title: "one that is not authorised",
      demand: "authorized" as const,
      shown: { authorized: false, fingerprint256 },
      believed: false,
    },
    { title: "none", demand: "authorized" as const, shown: undefined, believed: false },
    {
      title: "the one with this fingerprint",
      demand: { fingerprint256: "ab".repeat(32) },
      shown: { authorized: true, fingerprint256 },
      believed: true,
    },
    {
      title: "the one with this fingerprint, not authorised",
      demand: { fingerprint256 },
      shown: { authorized: false, fingerprint256 },
      believed: false,
    },
    {
      title: "one with another fingerprint",
      demand: { fingerprint256: "cd".repeat(32) },
      shown: { authorized: true, fingerprint256 },
      believed: false,
    },
  ])("a client certificate: $title is believed: $believed", ({ demand, shown, believed }) => {
    const options: PolicyOptions = { ...trusted, with: { certificate: demand } } as PolicyOptions;
    const { client } = ask(options, from("10.0.0.1", { certificate: shown }), list(CLIENT));
    expect(client?.address).toBe(believed ? CLIENT : "10.0.0.1");
  });

  test("the peer's certificate does not speak for a farther machine", () => {
    const options: PolicyOptions = {
      rules: [
        { peers: ["10.0.0.0/8"], says: "x-forwarded-for" },
        { peers: ["192.168.0.0/16"], says: "x-forwarded-for", with: { certificate: "authorized" } },
      ],
    };
    const connection = from("10.0.0.1", { certificate: { authorized: true, fingerprint256 } });
    expect(ask(options, connection, list(`${FORGED}, 192.168.0.1`)).client?.address).toBe("192.168.0.1");
  });

  describe("unix means the handle is a pipe", () => {
    const pipe: PolicyOptions = { rules: [{ name: "sidecar", peers: ["unix"], says: "x-forwarded-for" }] };
    const unix = from(undefined, { transport: "unix", peerPort: undefined });

    test("a pipe that is named is believed, without an address of its own", () => {
      const { client, hops } = ask(pipe, unix, list(CLIENT));
      expect(client?.address).toBe(CLIENT);
      expect(hops[0]).toEqual({
        method: "socket",
        format: "unix",
        raw: "",
        endpoint: undefined,
        verdict: { trusted: true, rule: "sidecar unix" },
      });
    });

    test("a pipe that is not named is nobody", () => {
      const { client, nearest, stop, hops } = ask(
        { trust: ["0.0.0.0/0", "::/0"], from: "x-forwarded-for" },
        unix,
        list(FORGED),
      );
      expect([client, nearest, stop]).toEqual([undefined, undefined, "untrusted-hop"]);
      expect(hops[0]?.verdict).toEqual({ trusted: false, reason: "no-rule" });
    });

    test("an IP socket without an address is no pipe", () => {
      expect(ask(pipe, from(undefined), list(FORGED))).toMatchObject({ client: undefined, stop: "no-peer" });
    });

    test("garbage on a named pipe leaves nobody", () => {
      expect(ask(pipe, unix, list("x"))).toMatchObject({
        client: undefined,
        nearest: undefined,
        stop: "malformed-hop",
      });
    });
  });

  describe("unverified means that a kernel module hid the transport peer", () => {
    const hidden = from("203.0.113.9", { transport: "unverified" });

    test("an unverified peer is not believed, and its address is not used", () => {
      const { client, nearest, hops } = ask({ trust: ["0.0.0.0/0"], from: "x-forwarded-for" }, hidden, list(FORGED));
      expect([client, nearest]).toEqual([undefined, undefined]);
      expect(hops[0]).toMatchObject({
        raw: "203.0.113.9",
        endpoint: undefined,
        verdict: { trusted: false, reason: "peer-unverified" },
      });
    });

    test("one that a rule names is", () => {
      const connection = { ...hidden, claims: [claimOf("toa", CLIENT)] };
      const { client, hops } = ask({ trust: ["unverified"], from: "toa" }, connection);
      expect(client).toEqual({ address: CLIENT, port: 50_000 });
      expect(hops[0]?.verdict).toEqual({ trusted: true, rule: "unverified" });
    });
  });
});

const METHODS: ConnectionMethod[] = ["toa", "proxy-protocol", "udp-option", "spp"];

describe("rule 8: connection claims and request claims", () => {
  test.each(METHODS)("%s names the client, with its port", (method) => {
    const connection = from("10.0.0.1", { claims: [claimOf(method, `::ffff:${CLIENT}`)] });
    const { client, hops, method: by } = ask({ trust: ["10.0.0.0/8"], from: method }, connection);
    expect(client).toEqual({ address: CLIENT, port: 50_000 });
    expect(by).toBe(method);
    expect(hops[1]).toEqual({
      method,
      format: method,
      raw: `${method} ::ffff:${CLIENT}`,
      endpoint: client,
      verdict: { trusted: false, reason: "no-rule" },
      claim: connection.claims[0],
    });
  });

  test.each(METHODS)("%s names a proxy, whose list is read", (method) => {
    const connection = from("10.0.0.1", { claims: [claimOf(method, "10.0.0.2")] });
    const options: PolicyOptions = { trust: ["10.0.0.0/8"], from: [method, "x-forwarded-for"] };
    expect(ask(options, connection, list(`${FORGED}, ${CLIENT}`))).toMatchObject({
      client: { address: CLIENT },
      method: "x-forwarded-for",
    });
  });

  test.each(METHODS)("%s that names a machine of no rule ends in no trust of its headers", (method) => {
    const connection = from("10.0.0.1", { claims: [claimOf(method, CLIENT)] });
    const options: PolicyOptions = { trust: ["10.0.0.0/8"], from: [method, "x-forwarded-for"] };
    expect(ask(options, connection, list(FORGED)).client?.address).toBe(CLIENT);
  });

  test.each<[says: ConnectionClaim["says"], Stop]>([
    ["self", "self"],
    ["unknown", "anonymous-hop"],
    ["malformed", "malformed-hop"],
    ["address", "malformed-hop"],
  ])("a claim that says %s without an address ends in %s, and stands in the proof", (says, stop) => {
    for (const method of METHODS) {
      const claim: ConnectionClaim = { method, format: "wire", raw: "raw", says };
      const {
        client,
        nearest,
        stop: stopped,
        hops,
      } = ask({ trust: ["10.0.0.0/8"], from: method }, from("10.0.0.1", { claims: [claim] }), list(FORGED));
      expect([client, nearest?.address, stopped]).toEqual([undefined, "10.0.0.1", stop]);
      expect(hops[1]).toMatchObject({ method, raw: "raw", endpoint: undefined, claim });
    }
  });

  test.each(["0.0.0.0", "::", "010.0.0.1", "203.0.113.7:80", "", "x"])("a claim of %j is malformed", (address) => {
    expect(
      ask({ trust: ["10.0.0.0/8"], from: "toa" }, from("10.0.0.1", { claims: [claimOf("toa", address)] })).stop,
    ).toBe("malformed-hop");
  });

  test("claims are taken nearest first, each from the machine before it", () => {
    const claims = [claimOf("toa", "10.0.0.2"), claimOf("proxy-protocol", "10.0.0.3"), claimOf("spp", CLIENT)];
    const options: PolicyOptions = { trust: ["10.0.0.0/8"], from: ["toa", "proxy-protocol", "spp"] };
    expect(ask(options, from("10.0.0.1", { claims })).hops.map(({ method }) => method)).toEqual([
      "socket",
      "toa",
      "proxy-protocol",
      "spp",
    ]);
  });

  test("a claim that the machine's rule does not name is passed over", () => {
    const claims = [claimOf("toa", FORGED), claimOf("proxy-protocol", CLIENT)];
    expect(ask({ trust: ["10.0.0.0/8"], from: "proxy-protocol" }, from("10.0.0.1", { claims })).client?.address).toBe(
      CLIENT,
    );
  });

  test("every claim is taken once, and a believed machine behind the last one is the client", () => {
    const claims = [claimOf("toa", "10.0.0.2")];
    expect(ask({ trust: ["10.0.0.0/8"], from: "toa" }, from("10.0.0.1", { claims }))).toMatchObject({
      client: { address: "10.0.0.2" },
      stop: "path-exhausted",
    });
  });

  test("a machine of another method behind the last claim was not heard", () => {
    const options: PolicyOptions = {
      rules: [
        { peers: ["10.1.0.0/16"], says: "toa" },
        { peers: ["10.2.0.0/16"], says: "proxy-protocol" },
      ],
    };
    const claims = [claimOf("toa", "10.2.0.1")];
    expect(ask(options, from("10.1.0.1", { claims }))).toMatchObject({
      client: undefined,
      nearest: { address: "10.2.0.1" },
      stop: "carrier-absent",
    });
  });

  test("what a machine behind a header said about its own connection did not reach us", () => {
    const options: PolicyOptions = {
      rules: [
        { peers: ["10.1.0.0/16"], says: "x-forwarded-for" },
        { peers: ["10.2.0.0/16"], says: "toa" },
      ],
    };
    const connection = from("10.1.0.1", { claims: [claimOf("toa", FORGED)] });
    expect(ask(options, connection, list("10.2.0.1"))).toMatchObject({
      client: undefined,
      nearest: { address: "10.2.0.1" },
      stop: "carrier-absent",
    });
  });

  test("a machine behind a header that says a method and a header is asked for the header alone", () => {
    const options: PolicyOptions = {
      rules: [
        { peers: ["10.1.0.0/16"], says: "x-forwarded-for" },
        { peers: ["10.2.0.0/16"], says: ["toa", "x-real-ip"] },
      ],
    };
    const connection = from("10.1.0.1", { claims: [claimOf("toa", FORGED)] });
    expect(ask(options, connection, { ...list("10.2.0.1"), "x-real-ip": CLIENT }).client?.address).toBe(CLIENT);
  });

  test("a proxy that reuses a connection for several clients must not have TOA as its last word: the second client gets the first one's address", () => {
    // TOA names who opened the connection. Two requests of two clients on it differ in the list alone, which this policy does not read.
    const reused = from("10.0.0.1", { claims: [claimOf("toa", CLIENT)] });
    const wrong: PolicyOptions = { trust: ["10.0.0.0/8"], from: "toa" };
    expect(ask(wrong, reused, list(CLIENT)).client?.address).toBe(CLIENT);
    expect(ask(wrong, reused, list("203.0.113.8")).client?.address).toBe(CLIENT);
    const right: PolicyOptions = { trust: ["10.0.0.0/8"], from: "x-forwarded-for" };
    expect(ask(right, reused, list("203.0.113.8")).client?.address).toBe("203.0.113.8");
  });
});

describe("rule 10: a peer is asked for once", () => {
  test("a kept connection remembers under which rule its peer falls, per policy", () => {
    const memory = createPeerMemory();
    const connection = from("::ffff:10.0.0.1", { memory });
    const believes = compilePolicy(trusted);
    const refuses = compilePolicy({ trust: ["192.168.0.0/16"], from: "x-forwarded-for" });
    for (const policy of [believes, believes, refuses, refuses, believes]) {
      expect(clientAddress(connection, list(CLIENT), policy)).toBe(policy === believes ? CLIENT : "10.0.0.1");
      expect(memory.policy).toBe(policy);
    }
    expect(resolve({ connection, headers: list(CLIENT) }, believes).hops[0]?.verdict).toEqual({
      trusted: true,
      rule: "10.0.0.0/8",
    });
  });
});

describe("rule 13: a port is undefined when nobody named one", () => {
  test("the claim's port, and never the balancer's", () => {
    const without = claimOf("toa", CLIENT, { endpoint: { address: CLIENT, port: undefined } });
    expect(ask({ trust: ["10.0.0.0/8"], from: "toa" }, from("10.0.0.1", { claims: [without] })).client).toEqual({
      address: CLIENT,
      port: undefined,
    });
    expect(ask(trusted, from("10.0.0.1"), list(`${CLIENT}:0`)).client).toEqual({ address: CLIENT, port: undefined });
    expect(ask(trusted, from("10.0.0.1"), list(CLIENT)).client).toEqual({ address: CLIENT, port: undefined });
    expect(ask(trusted, from("10.0.0.1"), list(`${CLIENT}:61598, 10.0.0.2:443`)).client).toEqual({
      address: CLIENT,
      port: 61_598,
    });
  });

  test("the peer's own port, where the peer is the answer", () => {
    expect(ask(trusted, from("203.0.113.7")).client).toEqual({ address: "203.0.113.7", port: 40_000 });
    expect(ask(trusted, from("203.0.113.7", { peerPort: undefined })).client).toEqual({
      address: "203.0.113.7",
      port: undefined,
    });
    expect(ask(trusted, from("10.0.0.1"), list("x")).nearest).toEqual({ address: "10.0.0.1", port: 40_000 });
  });
});

describe("rule 14: UDP sources are forgeable", () => {
  const udp: Transport = "udp";
  test("the verdict on a datagram's peer says so, whether it is believed or not", () => {
    const connection = from("10.0.0.1", { transport: udp, claims: [claimOf("udp-option", CLIENT)] });
    expect(ask({ trust: ["10.0.0.0/8"], from: "udp-option" }, connection).hops[0]?.verdict).toEqual({
      trusted: true,
      rule: "10.0.0.0/8",
      forgeable: true,
    });
    expect(ask({ trust: [] }, connection).hops[0]?.verdict).toEqual({
      trusted: false,
      reason: "no-rule",
      forgeable: true,
    });
    expect(ask({ trust: [] }, from("10.0.0.1")).hops[0]?.verdict).not.toHaveProperty("forgeable");
  });

  test("an answer from flow memory says so, with its age", () => {
    const claim = claimOf("udp-option", CLIENT, { via: "flow", ageMs: 1500 });
    const { hops } = ask(
      { trust: ["10.0.0.0/8"], from: "udp-option" },
      from("10.0.0.1", { transport: udp, claims: [claim] }),
    );
    expect(hops[1]?.claim).toMatchObject({ via: "flow", ageMs: 1500 });
  });
});

describe("single values", () => {
  const single: PolicyOptions = { trust: ["10.0.0.0/8"], from: "x-real-ip" };
  test.each<[title: string, value: string | string[], client: string | undefined, stop: Stop]>([
    ["white space around", ` \t${CLIENT}\t `, CLIENT, "untrusted-hop"],
    ["a port", `${CLIENT}:80`, CLIENT, "untrusted-hop"],
    ["brackets", "[2001:db8::1]", "2001:db8::1", "untrusted-hop"],
    ["one line of an array", [CLIENT], CLIENT, "untrusted-hop"],
    ["two lines", [CLIENT, CLIENT], undefined, "conflict"],
    ["a list", `${CLIENT}, ${FORGED}`, undefined, "conflict"],
    ["a comma behind", `${CLIENT},`, undefined, "conflict"],
    ["an empty value", "", "10.0.0.1", "path-exhausted"],
    ["white space alone", " \t", "10.0.0.1", "path-exhausted"],
    ["no lines", [], "10.0.0.1", "path-exhausted"],
    ["garbage", "unknown", undefined, "malformed-hop"],
    ["0.0.0.0", "0.0.0.0", undefined, "malformed-hop"],
    ["two addresses and a space", `${CLIENT} ${FORGED}`, undefined, "malformed-hop"],
    ["256 characters", `${" ".repeat(256 - CLIENT.length)}${CLIENT}`, CLIENT, "untrusted-hop"],
    ["257 characters", `${" ".repeat(257 - CLIENT.length)}${CLIENT}`, undefined, "malformed-hop"],
    ["8 KiB of commas", ",".repeat(8192), undefined, "malformed-hop"],
  ])("%s", (_, value, client, stop) => {
    expect(ask(single, from("10.0.0.1"), { "x-real-ip": value })).toMatchObject({
      client: client === undefined ? undefined : { address: client },
      stop,
    });
  });

  test("CloudFront's form has a port and no brackets, and nothing else", () => {
    const options: PolicyOptions = { trust: ["10.0.0.0/8"], from: "cloudfront-viewer-address" };
    expect(ask(options, from("10.0.0.1"), { "cloudfront-viewer-address": "2001:db8::1:443" }).client).toEqual({
      address: "2001:db8::1",
      port: 443,
    });
    expect(ask(options, from("10.0.0.1"), { "cloudfront-viewer-address": CLIENT }).stop).toBe("malformed-hop");
  });

  test("lines of a list header are one list", () => {
    expect(
      ask(trusted, from("10.0.0.1"), { "x-forwarded-for": [`${FORGED}, ${CLIENT}`, "10.0.0.2"] }).client?.address,
    ).toBe(CLIENT);
  });
});
