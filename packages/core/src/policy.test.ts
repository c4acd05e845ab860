import { describe, expect, test } from "vitest";
import type { ErrorCode } from "./errors.ts";
import { compilePolicy, HOP_LIMIT, type PolicyOptions } from "./policy.ts";
import { clientAddress } from "./resolution.ts";

const from = "x-forwarded-for";

/** What JavaScript callers and environment files pass: nothing is known of its type. */
function refusal(options: unknown): { code: ErrorCode; message: string } {
  try {
    compilePolicy(options as PolicyOptions);
  } catch (error) {
    return error as { code: ErrorCode; message: string };
  }
  throw new Error(`accepted: ${JSON.stringify(options)}`);
}

describe("a peer is refused", () => {
  test.each([
    { peer: "1", code: "ERR_WHEREFROM_INVALID_PREFIX", near: undefined },
    { peer: "2", code: "ERR_WHEREFROM_INVALID_PREFIX", near: undefined },
    { peer: "true", code: "ERR_WHEREFROM_INVALID_PREFIX", near: undefined },
    { peer: "*", code: "ERR_WHEREFROM_INVALID_PREFIX", near: undefined },
    { peer: "", code: "ERR_WHEREFROM_INVALID_PREFIX", near: undefined },
    { peer: "10/8", code: "ERR_WHEREFROM_INVALID_PREFIX", near: "10.0.0.0/8" },
    { peer: "192.168/16", code: "ERR_WHEREFROM_INVALID_PREFIX", near: "192.168.0.0/16" },
    { peer: "10.1/8", code: "ERR_WHEREFROM_INVALID_PREFIX", near: "10.0.0.0/8" },
    { peer: "300/8", code: "ERR_WHEREFROM_INVALID_PREFIX", near: undefined },
    { peer: "010.0.0.0/8", code: "ERR_WHEREFROM_INVALID_PREFIX", near: "8.0.0.0/8" },
    { peer: "0x0a.0.0.5", code: "ERR_WHEREFROM_INVALID_PREFIX", near: "10.0.0.5" },
    { peer: "167772165", code: "ERR_WHEREFROM_INVALID_PREFIX", near: "10.0.0.5" },
    { peer: "127.1", code: "ERR_WHEREFROM_INVALID_PREFIX", near: "127.0.0.1" },
    { peer: "10.0.0.0/08", code: "ERR_WHEREFROM_INVALID_PREFIX", near: "10.0.0.0/8" },
    { peer: "10.0.0.0/255.0.0.0", code: "ERR_WHEREFROM_INVALID_PREFIX", near: "10.0.0.0/8" },
    { peer: "10.0.0.0/255.0.255.0", code: "ERR_WHEREFROM_INVALID_PREFIX", near: undefined },
    { peer: "10.0.0.0/", code: "ERR_WHEREFROM_INVALID_PREFIX", near: undefined },
    { peer: "10.0.0.0/33", code: "ERR_WHEREFROM_INVALID_PREFIX", near: undefined },
    { peer: "::/129", code: "ERR_WHEREFROM_INVALID_PREFIX", near: undefined },
    { peer: " 10.0.0.0/8", code: "ERR_WHEREFROM_INVALID_PREFIX", near: "10.0.0.0/8" },
    { peer: "10.0.0.0/8\n", code: "ERR_WHEREFROM_INVALID_PREFIX", near: "10.0.0.0/8" },
    { peer: "[::1]", code: "ERR_WHEREFROM_INVALID_PREFIX", near: "::1" },
    { peer: "[::1]:443", code: "ERR_WHEREFROM_INVALID_PREFIX", near: "::1" },
    { peer: "1.2.3.4:80", code: "ERR_WHEREFROM_INVALID_PREFIX", near: "1.2.3.4" },
    { peer: "localhost", code: "ERR_WHEREFROM_INVALID_PREFIX", near: undefined },
    { peer: "lopback", code: "ERR_WHEREFROM_INVALID_PREFIX", near: "loopback" },
    { peer: "Private", code: "ERR_WHEREFROM_INVALID_PREFIX", near: "private" },
    { peer: "link-local", code: "ERR_WHEREFROM_INVALID_PREFIX", near: "linklocal" },
    { peer: "Unix", code: "ERR_WHEREFROM_INVALID_PREFIX", near: "unix" },
    { peer: "fe80::%eth0/10/2", code: "ERR_WHEREFROM_INVALID_PREFIX", near: undefined },
    { peer: "constructor", code: "ERR_WHEREFROM_INVALID_PREFIX", near: undefined },
    { peer: "0.0.0.0", code: "ERR_WHEREFROM_INVALID_PREFIX", near: "0.0.0.0/0" },
    { peer: "::", code: "ERR_WHEREFROM_INVALID_PREFIX", near: "::/0" },
    { peer: "::ffff:0.0.0.0", code: "ERR_WHEREFROM_INVALID_PREFIX", near: "0.0.0.0/0" },
    { peer: "::ffff:10.0.0.0/8", code: "ERR_WHEREFROM_INVALID_PREFIX", near: undefined },
    { peer: "::ffff:0:0/95", code: "ERR_WHEREFROM_INVALID_PREFIX", near: undefined },
    { peer: "10.0.0.1/8", code: "ERR_WHEREFROM_HOST_BITS", near: "10.0.0.0/8" },
    { peer: "2001:db8::1/32", code: "ERR_WHEREFROM_HOST_BITS", near: "2001:db8::/32" },
    { peer: "::ffff:10.0.0.1/104", code: "ERR_WHEREFROM_HOST_BITS", near: "10.0.0.0/8" },
    { peer: "fe80::1%eth0/10", code: "ERR_WHEREFROM_HOST_BITS", near: "fe80::%eth0/10" },
  ])("$peer: $code, near $near", ({ peer, code, near }) => {
    const error = refusal({ trust: [peer], from });
    expect(error.code).toBe(code);
    expect(error.message).toContain(`"${peer}"`);
    expect(/; did you mean "(.*)"\?$/.exec(error.message)?.[1]).toBe(near);
    expect(error.message.includes("did you mean")).toBe(near !== undefined);
  });

  test.each([[1], [true], [null], [undefined], [{}], [["10.0.0.0/8"]]])("%j is no text", (peer) => {
    expect(refusal({ trust: [peer], from })).toMatchObject({ code: "ERR_WHEREFROM_INVALID_PREFIX" });
  });
});

describe("options are refused", () => {
  const rule = { peers: ["10.0.0.0/8"], says: from };
  test.each<[title: string, options: unknown, code: ErrorCode, said: string]>([
    ["trust: true", { trust: true, from }, "ERR_WHEREFROM_INVALID_POLICY", "not true"],
    ["a hop count as trust", { trust: 1, from }, "ERR_WHEREFROM_INVALID_POLICY", "not 1"],
    ["trust as one text", { trust: "10.0.0.0/8", from }, "ERR_WHEREFROM_INVALID_POLICY", 'not "10.0.0.0/8"'],
    ["trust without from", { trust: ["10.0.0.0/8"] }, "ERR_WHEREFROM_INVALID_POLICY", '"from" is missing'],
    ["nothing", undefined, "ERR_WHEREFROM_INVALID_POLICY", "not undefined"],
    ["null", null, "ERR_WHEREFROM_INVALID_POLICY", "not null"],
    ["a number", 1, "ERR_WHEREFROM_INVALID_POLICY", "not 1"],
    ["true", true, "ERR_WHEREFROM_INVALID_POLICY", "not true"],
    ["a list", ["10.0.0.0/8"], "ERR_WHEREFROM_INVALID_POLICY", 'not ["10.0.0.0/8"]'],
    ["an empty object", {}, "ERR_WHEREFROM_INVALID_POLICY", "this one has []"],
    [
      "a misspelt option",
      { trust: ["10.0.0.0/8"], form: from },
      "ERR_WHEREFROM_INVALID_POLICY",
      '"form" is no option here; did you mean "from"?',
    ],
    [
      "an unknown option",
      { trust: ["10.0.0.0/8"], from, recursive: 1 },
      "ERR_WHEREFROM_INVALID_POLICY",
      '"recursive" is no option here; "trust"',
    ],
    [
      "says in the short form",
      { trust: [], from, says: from },
      "ERR_WHEREFROM_INVALID_POLICY",
      '"says" is no option here',
    ],
    [
      "trust and hops",
      { trust: ["10.0.0.0/8"], hops: 1, from },
      "ERR_WHEREFROM_INVALID_POLICY",
      '"trust" is no option here',
    ],
    ["rules and trust", { rules: [rule], trust: [] }, "ERR_WHEREFROM_INVALID_POLICY", '"trust" is no option here'],
    ["rules that are no list", { rules: rule }, "ERR_WHEREFROM_INVALID_POLICY", "rules is a list"],
    [
      "a rule that is a text",
      { rules: ["10.0.0.0/8"] },
      "ERR_WHEREFROM_INVALID_POLICY",
      'a rule is { peers, says }, not "10.0.0.0/8"',
    ],
    ["a rule that is missing", { rules: [undefined] }, "ERR_WHEREFROM_INVALID_POLICY", "not undefined"],
    ["a rule that is null", { rules: [null] }, "ERR_WHEREFROM_INVALID_POLICY", "not null"],
    ["a rule without peers", { rules: [{ says: from }] }, "ERR_WHEREFROM_INVALID_POLICY", "peers is a list"],
    [
      "a rule that says nothing of what is said",
      { rules: [{ peers: [] }] },
      "ERR_WHEREFROM_INVALID_POLICY",
      "a rule says what",
    ],
    [
      "a misspelt option of a rule",
      { rules: [{ ...rule, apends: [] }] },
      "ERR_WHEREFROM_INVALID_POLICY",
      'did you mean "appends"?',
    ],
    ["a name that is no text", { rules: [{ ...rule, name: 5 }] }, "ERR_WHEREFROM_INVALID_POLICY", "not 5"],
    [
      "a silence that does not exist",
      { trust: ["10.0.0.0/8"], from, silent: "client" },
      "ERR_WHEREFROM_INVALID_POLICY",
      'not "client"',
    ],
    [
      "infrastructure as one text",
      { trust: [], infrastructure: "10.0.0.0/8" },
      "ERR_WHEREFROM_INVALID_POLICY",
      "infrastructure is a list",
    ],
    [
      "infrastructure that is no prefix",
      { trust: [], infrastructure: ["10/8"] },
      "ERR_WHEREFROM_INVALID_PREFIX",
      '"10/8"',
    ],
    ["unix as infrastructure", { trust: [], infrastructure: ["unix"] }, "ERR_WHEREFROM_INVALID_PREFIX", '"unix"'],

    [
      "one prefix in two rules",
      { rules: [rule, { ...rule, says: "x-real-ip" }] },
      "ERR_WHEREFROM_AMBIGUOUS_PREFIX",
      '"10.0.0.0/8"',
    ],
    [
      "one prefix in two spellings",
      { rules: [rule, { ...rule, peers: ["::ffff:a00:0/104"] }] },
      "ERR_WHEREFROM_AMBIGUOUS_PREFIX",
      '"10.0.0.0/8"',
    ],
    [
      "a named range and one of its prefixes",
      { rules: [rule, { ...rule, peers: ["private"] }] },
      "ERR_WHEREFROM_AMBIGUOUS_PREFIX",
      '"10.0.0.0/8"',
    ],
    [
      "one zoned prefix in two rules",
      {
        rules: [
          { ...rule, peers: ["fe80::1%a"] },
          { ...rule, peers: ["fe80::1%a"] },
        ],
      },
      "ERR_WHEREFROM_AMBIGUOUS_PREFIX",
      '"fe80::1%a/128"',
    ],
    [
      "unix in two rules",
      {
        rules: [
          { ...rule, peers: ["unix"] },
          { ...rule, peers: ["unix"] },
        ],
      },
      "ERR_WHEREFROM_AMBIGUOUS_PREFIX",
      '"unix"',
    ],
    [
      "unverified in two rules",
      {
        rules: [
          { ...rule, peers: ["unverified"] },
          { ...rule, peers: ["unverified"] },
        ],
      },
      "ERR_WHEREFROM_AMBIGUOUS_PREFIX",
      '"unverified"',
    ],

    [
      "a misspelt carrier",
      { trust: ["10.0.0.0/8"], from: "x-forwared-for" },
      "ERR_WHEREFROM_INVALID_CARRIER",
      'did you mean "x-forwarded-for"?',
    ],
    [
      "a misspelt method",
      { trust: ["10.0.0.0/8"], from: "proxy-protokol" },
      "ERR_WHEREFROM_INVALID_CARRIER",
      'did you mean "proxy-protocol"?',
    ],
    [
      "a header that nobody knows, by name alone",
      { trust: ["10.0.0.0/8"], from: "x-my-address" },
      "ERR_WHEREFROM_INVALID_CARRIER",
      '{ header: "x-my-address" }',
    ],
    [
      "capitals",
      { trust: ["10.0.0.0/8"], from: "X-Forwarded-For" },
      "ERR_WHEREFROM_INVALID_CARRIER",
      'did you mean "x-forwarded-for"?',
    ],
    [
      "capitals in a header of one's own",
      { trust: ["10.0.0.0/8"], from: { header: "X-Mine" } },
      "ERR_WHEREFROM_INVALID_CARRIER",
      'did you mean "x-mine"?',
    ],
    [
      "a space in a header name",
      { trust: ["10.0.0.0/8"], from: { header: "x mine" } },
      "ERR_WHEREFROM_INVALID_CARRIER",
      '"x mine"',
    ],
    ["an empty header name", { trust: ["10.0.0.0/8"], from: "" }, "ERR_WHEREFROM_INVALID_CARRIER", '""'],
    [
      "a carrier that is null",
      { trust: ["10.0.0.0/8"], from: null },
      "ERR_WHEREFROM_INVALID_CARRIER",
      "undefined is no",
    ],
    [
      "a carrier that is a number",
      { trust: ["10.0.0.0/8"], from: 1 },
      "ERR_WHEREFROM_INVALID_CARRIER",
      "is no lower-case",
    ],
    [
      "a carrier that every object has",
      { trust: ["10.0.0.0/8"], from: "constructor" },
      "ERR_WHEREFROM_INVALID_CARRIER",
      '"constructor" is no carrier',
    ],
    ["no carrier at all", { trust: ["10.0.0.0/8"], from: [] }, "ERR_WHEREFROM_INVALID_CARRIER", "at least one"],
    [
      "two headers",
      { trust: ["10.0.0.0/8"], from: ["x-real-ip", from] },
      "ERR_WHEREFROM_INVALID_CARRIER",
      "{ all: [...] }",
    ],
    [
      "a header before a method",
      { trust: ["10.0.0.0/8"], from: [from, "toa"] },
      "ERR_WHEREFROM_INVALID_CARRIER",
      '"toa" belongs to the connection',
    ],
    [
      "nothing and something",
      { trust: ["10.0.0.0/8"], from: ["nothing", from] },
      "ERR_WHEREFROM_INVALID_CARRIER",
      '"nothing" stands alone',
    ],
    [
      "an unknown form",
      { trust: ["10.0.0.0/8"], from: { header: "x-a", form: "json" } },
      "ERR_WHEREFROM_INVALID_CARRIER",
      '"json" is no form',
    ],
    [
      "Forwarded in another form",
      { trust: ["10.0.0.0/8"], from: { header: "forwarded", form: "list" } },
      "ERR_WHEREFROM_INVALID_CARRIER",
      '"forwarded" is the form of',
    ],
    [
      "another header in Forwarded's form",
      { trust: ["10.0.0.0/8"], from: { header: "x-mine", form: "forwarded" } },
      "ERR_WHEREFROM_INVALID_CARRIER",
      '"forwarded" is the form of',
    ],
    [
      "a misspelt option of a header",
      { trust: ["10.0.0.0/8"], from: { header: from, skp: 1 } },
      "ERR_WHEREFROM_INVALID_CARRIER",
      'did you mean "skip"?',
    ],
    [
      "skip of a single value",
      { trust: ["10.0.0.0/8"], from: { header: "x-real-ip", skip: 1 } },
      "ERR_WHEREFROM_INVALID_CARRIER",
      "nothing to skip",
    ],
    [
      "a negative skip",
      { trust: ["10.0.0.0/8"], from: { header: from, skip: -1 } },
      "ERR_WHEREFROM_INVALID_CARRIER",
      "not -1",
    ],
    [
      "half a skip",
      { trust: ["10.0.0.0/8"], from: { header: from, skip: 0.5 } },
      "ERR_WHEREFROM_INVALID_CARRIER",
      "not 0.5",
    ],
    [
      "a skip of five",
      { trust: ["10.0.0.0/8"], from: { header: from, skip: 5 } },
      "ERR_WHEREFROM_INVALID_CARRIER",
      "not 5",
    ],
    [
      "a skip that is a text",
      { trust: ["10.0.0.0/8"], from: { header: from, skip: "1" } },
      "ERR_WHEREFROM_INVALID_CARRIER",
      'not "1"',
    ],
    [
      "all of one header",
      { trust: ["10.0.0.0/8"], from: { all: [from] } },
      "ERR_WHEREFROM_INVALID_CARRIER",
      "at least two",
    ],
    ["all of none", { trust: ["10.0.0.0/8"], from: { all: [] } }, "ERR_WHEREFROM_INVALID_CARRIER", "at least two"],
    [
      "all of one header twice",
      { trust: ["10.0.0.0/8"], from: { all: [from, { header: from }] } },
      "ERR_WHEREFROM_INVALID_CARRIER",
      "twice",
    ],
    [
      "all that is no list",
      { trust: ["10.0.0.0/8"], from: { all: from } },
      "ERR_WHEREFROM_INVALID_CARRIER",
      "undefined is no",
    ],
    [
      "all and something else",
      { trust: ["10.0.0.0/8"], from: { all: [from, "x-real-ip"], any: [] } },
      "ERR_WHEREFROM_INVALID_CARRIER",
      '"any" is no option',
    ],
    [
      "all of a connection method",
      { trust: ["10.0.0.0/8"], from: { all: ["toa", from] } },
      "ERR_WHEREFROM_INVALID_CARRIER",
      '"toa"',
    ],
    [
      "one header in two forms",
      { rules: [rule, { peers: ["192.168.0.0/16"], says: { header: from, form: "address" } }] },
      "ERR_WHEREFROM_INVALID_CARRIER",
      'both "list" and "address"',
    ],
    [
      "appends of a single value",
      { rules: [{ ...rule, appends: ["x-real-ip"] }] },
      "ERR_WHEREFROM_INVALID_POLICY",
      '"x-real-ip" has one value',
    ],
    [
      "appends of what is said",
      { rules: [{ ...rule, appends: [from] }] },
      "ERR_WHEREFROM_INVALID_POLICY",
      "appends to it anyway",
    ],
    [
      "appends as one text",
      { rules: [{ ...rule, says: "x-real-ip", appends: from }] },
      "ERR_WHEREFROM_INVALID_POLICY",
      "appends is a list",
    ],
    ["appends of a method", { rules: [{ ...rule, appends: ["toa"] }] }, "ERR_WHEREFROM_INVALID_CARRIER", '"toa"'],

    ["hops without peers", { hops: 1, from }, "ERR_WHEREFROM_INVALID_HOPS", "peers"],
    ["hops in no peers", { hops: 1, peers: [], from }, "ERR_WHEREFROM_INVALID_HOPS", "peers"],
    ["hops in peers that are no list", { hops: 1, peers: "private", from }, "ERR_WHEREFROM_INVALID_HOPS", "peers"],
    ["no hop", { hops: 0, peers: ["private"], from }, "ERR_WHEREFROM_INVALID_HOPS", "not 0"],
    [
      "as many hops as the limit",
      { hops: HOP_LIMIT, peers: ["private"], from },
      "ERR_WHEREFROM_INVALID_HOPS",
      "not 32",
    ],
    ["half a hop", { hops: 1.5, peers: ["private"], from }, "ERR_WHEREFROM_INVALID_HOPS", "not 1.5"],
    ["hops as text", { hops: "1", peers: ["private"], from }, "ERR_WHEREFROM_INVALID_HOPS", 'not "1"'],
    [
      "hops that are no number",
      { hops: Number.NaN, peers: ["private"], from },
      "ERR_WHEREFROM_INVALID_HOPS",
      "not null",
    ],
    [
      "hops along a single value",
      { hops: 1, peers: ["private"], from: "x-real-ip" },
      "ERR_WHEREFROM_INVALID_HOPS",
      "one list header",
    ],
    [
      "hops along a connection method",
      { hops: 1, peers: ["private"], from: "toa" },
      "ERR_WHEREFROM_INVALID_HOPS",
      "one list header",
    ],
    [
      "hops along a method and a header",
      { hops: 1, peers: ["private"], from: ["toa", from] },
      "ERR_WHEREFROM_INVALID_HOPS",
      "one list header",
    ],
    [
      "hops with a silence",
      { hops: 1, peers: ["private"], from, silent: "self" },
      "ERR_WHEREFROM_INVALID_POLICY",
      '"silent" is no option',
    ],
    ["hops without from", { hops: 1, peers: ["private"] }, "ERR_WHEREFROM_INVALID_POLICY", "a rule says what"],

    [
      "a demand that is a text",
      { trust: ["10.0.0.0/8"], from, with: "secret" },
      "ERR_WHEREFROM_INVALID_POLICY",
      'not "secret"',
    ],
    ["a demand that is null", { trust: ["10.0.0.0/8"], from, with: null }, "ERR_WHEREFROM_INVALID_POLICY", "not null"],
    ["an empty demand", { trust: ["10.0.0.0/8"], from, with: {} }, "ERR_WHEREFROM_INVALID_POLICY", "not {}"],
    [
      "a demand of capitals",
      { trust: ["10.0.0.0/8"], from, with: { header: "X-Secret", equals: "12345678" } },
      "ERR_WHEREFROM_INVALID_POLICY",
      'not "X-Secret"',
    ],
    [
      "a demand of no header name",
      { trust: ["10.0.0.0/8"], from, with: { header: "x secret", equals: "12345678" } },
      "ERR_WHEREFROM_INVALID_POLICY",
      'not "x secret"',
    ],
    [
      "a demand of a header that is no text",
      { trust: ["10.0.0.0/8"], from, with: { header: 1, equals: "12345678" } },
      "ERR_WHEREFROM_INVALID_POLICY",
      "not 1",
    ],
    [
      "a secret of seven characters",
      { trust: ["10.0.0.0/8"], from, with: { header: "x-secret", equals: "1234567" } },
      "ERR_WHEREFROM_INVALID_POLICY",
      "at least 8",
    ],
    [
      "a secret from an unset variable",
      { trust: ["10.0.0.0/8"], from, with: { header: "x-secret", equals: undefined } },
      "ERR_WHEREFROM_INVALID_POLICY",
      "at least 8",
    ],
    [
      "a header and a certificate",
      { trust: ["10.0.0.0/8"], from, with: { header: "x-secret", equals: "12345678", certificate: "authorized" } },
      "ERR_WHEREFROM_INVALID_POLICY",
      '"certificate" is no option',
    ],
    [
      "a misspelt certificate",
      { trust: ["10.0.0.0/8"], from, with: { certificate: "authorised" } },
      "ERR_WHEREFROM_INVALID_POLICY",
      '"authorized"',
    ],
    [
      "a certificate that is true",
      { trust: ["10.0.0.0/8"], from, with: { certificate: true } },
      "ERR_WHEREFROM_INVALID_POLICY",
      '"authorized"',
    ],
    [
      "a certificate that is undefined",
      { trust: ["10.0.0.0/8"], from, with: { certificate: undefined } },
      "ERR_WHEREFROM_INVALID_POLICY",
      '"authorized"',
    ],
    [
      "a short fingerprint",
      { trust: ["10.0.0.0/8"], from, with: { certificate: { fingerprint256: "AB:CD" } } },
      "ERR_WHEREFROM_INVALID_POLICY",
      "64 hexadecimal",
    ],
    [
      "a fingerprint that is a number",
      { trust: ["10.0.0.0/8"], from, with: { certificate: { fingerprint256: 1 } } },
      "ERR_WHEREFROM_INVALID_POLICY",
      "64 hexadecimal",
    ],
    [
      "a SHA-1 fingerprint",
      { trust: ["10.0.0.0/8"], from, with: { certificate: { fingerprint: "AB" } } },
      "ERR_WHEREFROM_INVALID_POLICY",
      'did you mean "fingerprint256"?',
    ],
    [
      "a fingerprint beside the certificate",
      { trust: ["10.0.0.0/8"], from, with: { certificate: "authorized", fingerprint256: "AB" } },
      "ERR_WHEREFROM_INVALID_POLICY",
      '"fingerprint256" is no option',
    ],
  ])("%s", (_, options, code, said) => {
    const error = refusal(options);
    expect(error.code).toBe(code);
    expect(error.message).toContain(said);
  });

  test("a policy reads at most thirty headers", () => {
    const rules = Array.from({ length: 31 }, (_, index) => ({
      peers: [`10.${index}.0.0/16`],
      says: { header: `x-${index}` },
    }));
    expect(compilePolicy({ rules: rules.slice(0, 30) }).headers).toHaveLength(30);
    expect(refusal({ rules })).toMatchObject({ code: "ERR_WHEREFROM_INVALID_CARRIER" });
  });
});

describe("a policy", () => {
  const asks = (options: PolicyOptions, peer: string): string | undefined =>
    clientAddress(
      { transport: "tcp", peer, peerPort: 1, claims: [] },
      { "x-forwarded-for": "203.0.113.7" },
      compilePolicy(options),
    );

  test.each([
    { peer: "0.0.0.0/0", believed: ["10.0.0.1", "8.8.8.8"], not: ["2001:db8::1"] },
    { peer: "::/0", believed: ["2001:db8::1"], not: ["10.0.0.1", "::ffff:8.8.8.8"] },
    { peer: "::ffff:0:0/96", believed: ["10.0.0.1", "::ffff:8.8.8.8"], not: ["::1"] },
    { peer: "::ffff:10.0.0.0/104", believed: ["10.0.0.1", "::ffff:10.0.0.1"], not: ["8.8.8.8"] },
    { peer: "::ffff:10.0.0.1", believed: ["10.0.0.1"], not: ["10.0.0.2"] },
    { peer: "2001:DB8::/32", believed: ["2001:db8::1"], not: ["2001:db9::1"] },
    { peer: "loopback", believed: ["127.0.0.1", "::1", "::ffff:127.9.9.9"], not: ["10.0.0.1"] },
    { peer: "cgnat", believed: ["100.64.0.1"], not: ["100.128.0.1"] },
    { peer: "linklocal", believed: ["169.254.0.1", "fe80::1%eth0"], not: ["fec0::1"] },
  ])("$peer believes $believed and not $not", ({ peer, believed, not }) => {
    for (const address of believed) expect(asks({ trust: [peer], from }, address)).toBe("203.0.113.7");
    for (const address of not) expect(asks({ trust: [peer], from }, address)).not.toBe("203.0.113.7");
  });

  test("an empty list believes nobody, with or without from", () => {
    expect(asks({ trust: [] }, "10.0.0.1")).toBe("10.0.0.1");
    expect(asks({ trust: [], from }, "10.0.0.1")).toBe("10.0.0.1");
    expect(asks({ rules: [] }, "10.0.0.1")).toBe("10.0.0.1");
  });

  test("is frozen, and does not change with the options it was made from", () => {
    const trust = ["10.0.0.0/8"];
    const policy = compilePolicy({ trust, from });
    trust.push("0.0.0.0/0");
    expect(Object.isFrozen(policy)).toBe(true);
    expect(
      clientAddress(
        { transport: "tcp", peer: "8.8.8.8", peerPort: 1, claims: [] },
        { "x-forwarded-for": "1.1.1.1" },
        policy,
      ),
    ).toBe("8.8.8.8");
  });

  test("one prefix may stand twice in one rule, and unix as well", () => {
    const policy = compilePolicy({ trust: ["10.0.0.0/8", "private", "unix", "unix"], from });
    expect(policy.unixRule).toBe(1);
  });

  test("knows what its machines may say of connections", () => {
    const { connectionMethods } = compilePolicy({
      rules: [
        { peers: ["10.0.0.0/8"], says: ["proxy-protocol", "x-forwarded-for"] },
        { peers: ["11.0.0.0/8"], says: "toa" },
      ],
    });
    expect(connectionMethods).toEqual(["toa", "proxy-protocol"]);
  });

  test("knows which headers it may look at, and whether a certificate is asked for", () => {
    const policy = compilePolicy({
      rules: [
        {
          peers: ["10.0.0.0/8"],
          says: "x-real-ip",
          appends: ["x-forwarded-for"],
          with: { header: "x-secret", equals: "12345678" },
        },
        {
          peers: ["unix"],
          says: { header: "x-mine", form: "list" },
          with: { certificate: { fingerprint256: "ab".repeat(32) } },
        },
      ],
    });
    expect(policy.headers).toEqual(["x-real-ip", "x-forwarded-for", "x-mine"]);
    expect(policy.walkedHeaders).toEqual([...policy.headers, "x-secret"]);
    expect([...policy.noticedHeaders]).toEqual(
      expect.arrayContaining(["forwarded", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-port"]),
    );
    expect(policy.connectionMethods).toEqual([]);
    expect(policy.demandsCertificate).toBe(true);
    expect(
      compilePolicy({ trust: ["private"], from, with: { header: "x-secret", equals: "12345678" } }).demandsCertificate,
    ).toBe(false);
  });
});
