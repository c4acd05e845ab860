import { describe, expect, test } from "vitest";
import type { ConnectionClaim } from "./claim.ts";
import type { Connection, Headers } from "./evidence.ts";
import { compilePolicy, type PolicyOptions } from "./policy.ts";
import { resolve } from "./resolution.ts";
import type { Warning } from "./warning.ts";

const CLIENT = "203.0.113.7";
const trusted: PolicyOptions = { trust: ["10.0.0.0/8"], from: "x-forwarded-for" };

function warningsOf(
  options: PolicyOptions,
  headers: Headers | undefined,
  more: Partial<Connection> = {},
): readonly Warning[] {
  const connection: Connection = { transport: "tcp", peer: "10.0.0.1", peerPort: 1, claims: [], ...more };
  return resolve({ connection, headers }, compilePolicy(options)).warnings;
}

function claimOf(says: ConnectionClaim["says"], address?: string): ConnectionClaim {
  const endpoint = address === undefined ? undefined : { address, port: 1 };
  return { method: "proxy-protocol", format: "proxy-v1", raw: "PROXY TCP4", says, endpoint };
}

describe("there is nothing to warn about", () => {
  test.each<[title: string, PolicyOptions, Headers | undefined, Partial<Connection>]>([
    ["when the header that is there was read", trusted, { "x-forwarded-for": CLIENT }, {}],
    ["before there is a request", trusted, undefined, {}],
    [
      "when another header names the same client",
      trusted,
      {
        "x-forwarded-for": `9.9.9.9, ${CLIENT}`,
        "x-real-ip": `::ffff:${CLIENT}`,
        forwarded: `for=8.8.8.8, for="${CLIENT}:1"`,
      },
      {},
    ],
    [
      "when another list names it among others",
      { trust: ["10.0.0.0/8"], from: "x-real-ip" },
      { "x-real-ip": CLIENT, "x-forwarded-for": `9.9.9.9, x, ${CLIENT}, 10.0.0.2` },
      {},
    ],
    [
      "when CloudFront's form names it",
      {
        rules: [
          { peers: ["10.0.0.0/8"], says: "x-real-ip" },
          { peers: ["192.168.0.0/16"], says: "cloudfront-viewer-address" },
        ],
      },
      { "x-real-ip": "2001:db8::1", "cloudfront-viewer-address": "2001:DB8::1:443" },
      {},
    ],
    [
      "when a header of one's own, in CloudFront's form, names it",
      {
        rules: [
          { peers: ["10.0.0.0/8"], says: "x-real-ip" },
          { peers: ["192.168.0.0/16"], says: { header: "x-mine", form: "address:port" } },
        ],
      },
      { "x-real-ip": "2001:db8::1", "x-mine": "2001:db8::1:443" },
      {},
    ],
    ["when the other header is empty", trusted, { "x-forwarded-for": CLIENT, "x-real-ip": "" }, {}],
    [
      "when a claim was read",
      { trust: ["10.0.0.0/8"], from: "proxy-protocol" },
      {},
      { claims: [claimOf("address", CLIENT)] },
    ],
    [
      "when a claim said that the balancer itself asks",
      { trust: ["10.0.0.0/8"], from: "proxy-protocol" },
      {},
      { claims: [claimOf("self")] },
    ],
    [
      "when a claim was malformed, which the proof shows",
      { trust: ["10.0.0.0/8"], from: "proxy-protocol" },
      {},
      { claims: [claimOf("malformed")] },
    ],
    [
      "when the counted client is outside of the ranges",
      { hops: 1, peers: ["10.0.0.0/8"], from: "x-forwarded-for" },
      { "x-forwarded-for": CLIENT },
      {},
    ],
  ])("%s", (_, options, headers, more) => {
    expect(warningsOf(options, headers, more)).toEqual([]);
  });
});

describe("claim-unread", () => {
  test("a claim that no rule reads", () => {
    expect(warningsOf(trusted, { "x-forwarded-for": CLIENT }, { claims: [claimOf("address", "9.9.9.9")] })).toEqual([
      { code: "claim-unread", detail: 'proxy-v1 "PROXY TCP4" on the connection from 10.0.0.1 is read by no rule' },
    ]);
  });

  test("a claim on a pipe that no rule names", () => {
    expect(warningsOf(trusted, {}, { transport: "unix", peer: undefined, claims: [claimOf("self")] })).toEqual([
      {
        code: "claim-unread",
        detail: 'proxy-v1 "PROXY TCP4" on the connection from a peer without an address is read by no rule',
      },
    ]);
  });
});

describe("look-alike-header", () => {
  test.each(["x_forwarded_for", "x.forwarded.for", "x-forwarded_for", "x_real_ip", "x_forwarded_proto"])(
    "%s is never read, and is warned of",
    (name) => {
      const headers = { "x-forwarded-for": CLIENT, [name]: "9.9.9.9" };
      const connection: Connection = { transport: "tcp", peer: "10.0.0.1", peerPort: 1, claims: [] };
      const { client, warnings } = resolve({ connection, headers }, compilePolicy(trusted));
      expect(client?.address).toBe(CLIENT);
      expect(warnings).toEqual([
        { code: "look-alike-header", detail: expect.stringMatching(new RegExp(`^${name} "9.9.9.9" is not x-`)) },
      ]);
    },
  );

  test("of a header of the policy's own", () => {
    const own: PolicyOptions = { trust: ["10.0.0.0/8"], from: { header: "x-my-client" } };
    expect(warningsOf(own, { "x-my-client": CLIENT, "x-my_client": "9.9.9.9" })).toEqual([
      {
        code: "look-alike-header",
        detail:
          'x-my_client "9.9.9.9" is not x-my-client, and was not read; what stands behind this service may take it for it',
      },
    ]);
  });

  test("a header that the policy reads under such a name is none", () => {
    const own: PolicyOptions = { trust: ["10.0.0.0/8"], from: { header: "x_real_ip", form: "address" } };
    expect(warningsOf(own, { x_real_ip: CLIENT })).toEqual([]);
  });
});

describe("claim-odd", () => {
  const balancer: PolicyOptions = { trust: ["10.0.0.0/8"], from: "proxy-protocol" };

  test("each oddity of a claim that was read", () => {
    const odd = { ...claimOf("address", CLIENT), oddities: ["later-option", "experiment"] };
    expect(warningsOf(balancer, {}, { claims: [odd] })).toEqual([
      { code: "claim-odd", detail: 'proxy-v1 "PROXY TCP4": later-option' },
      { code: "claim-odd", detail: 'proxy-v1 "PROXY TCP4": experiment' },
    ]);
  });

  test("not of one that nobody read", () => {
    const odd = { ...claimOf("address", CLIENT), oddities: ["later-option"] };
    expect(warningsOf(balancer, {}, { peer: "8.8.8.8", claims: [odd] })).toMatchObject([{ code: "claim-unread" }]);
  });
});

describe("header-from-untrusted-peer", () => {
  test("every noticed header of a peer that no rule names", () => {
    const headers = { "x-forwarded-for": CLIENT, "x-real-ip": [CLIENT], forwarded: "for=x" };
    expect(warningsOf(trusted, headers, { peer: "172.18.0.3" })).toEqual([
      {
        code: "header-from-untrusted-peer",
        detail: `x-forwarded-for "${CLIENT}" came from 172.18.0.3, which no rule names`,
      },
      { code: "header-from-untrusted-peer", detail: 'forwarded "for=x" came from 172.18.0.3, which no rule names' },
      { code: "header-from-untrusted-peer", detail: `x-real-ip "${CLIENT}" came from 172.18.0.3, which no rule names` },
    ]);
  });

  test("a header that a rule of other machines reads", () => {
    const headers = { "cf-connecting-ip": CLIENT };
    expect(warningsOf({ trust: ["10.0.0.0/8"], from: "cf-connecting-ip" }, headers, { peer: "8.8.8.8" })).toMatchObject(
      [{ code: "header-from-untrusted-peer", detail: expect.stringContaining("cf-connecting-ip") }],
    );
  });

  test("a pipe that no rule names", () => {
    expect(warningsOf(trusted, { "x-real-ip": CLIENT }, { transport: "unix", peer: undefined })).toMatchObject([
      { detail: `x-real-ip "${CLIENT}" came from a peer without an address, which no rule names` },
    ]);
  });

  test("a long header is quoted by its end", () => {
    const [warning] = warningsOf({ trust: [] }, { "x-forwarded-for": `${"1.1.1.1, ".repeat(900)}${CLIENT}` });
    expect(warning?.detail.length).toBeLessThan(200);
    expect(warning?.detail).toContain(`1.1.1.1, ${CLIENT}"`);
  });
});

describe("carrier-disagrees", () => {
  test.each<[title: string, PolicyOptions, Headers, named: string]>([
    ["a single value that nobody reads", trusted, { "x-forwarded-for": CLIENT, "x-real-ip": "9.9.9.9" }, "x-real-ip"],
    [
      "Forwarded that nobody reads",
      trusted,
      { "x-forwarded-for": CLIENT, forwarded: "for=9.9.9.9, for=_x" },
      "forwarded",
    ],
    [
      "a list that nobody reads",
      { trust: ["10.0.0.0/8"], from: "x-real-ip" },
      { "x-real-ip": CLIENT, "x-forwarded-for": "9.9.9.9, 10.0.0.2" },
      "x-forwarded-for",
    ],
    ["garbage that nobody reads", trusted, { "x-forwarded-for": CLIENT, "x-real-ip": "<b>" }, "x-real-ip"],
    [
      "CloudFront's form",
      {
        rules: [
          { peers: ["10.0.0.0/8"], says: "x-real-ip" },
          { peers: ["192.168.0.0/16"], says: "cloudfront-viewer-address" },
        ],
      },
      { "x-real-ip": CLIENT, "cloudfront-viewer-address": "9.9.9.9:443" },
      "cloudfront-viewer-address",
    ],
    [
      "a header of one's own",
      {
        rules: [
          { peers: ["10.0.0.0/8"], says: "x-real-ip" },
          { peers: ["192.168.0.0/16"], says: { header: "x-mine" } },
        ],
      },
      { "x-real-ip": CLIENT, "x-mine": "9.9.9.9" },
      "x-mine",
    ],
    [
      "a client that stands behind 32 others",
      trusted,
      { "x-forwarded-for": CLIENT, forwarded: `for=${CLIENT}${", for=9.9.9.9".repeat(32)}` },
      "forwarded",
    ],
    [
      "a header of a rule that the path did not reach",
      {
        rules: [
          { peers: ["10.0.0.0/8"], says: "x-forwarded-for" },
          { peers: ["173.245.48.0/20"], says: "cf-connecting-ip" },
        ],
      },
      { "x-forwarded-for": CLIENT, "cf-connecting-ip": "9.9.9.9" },
      "cf-connecting-ip",
    ],
  ])("%s", (_, options, headers, named) => {
    expect(warningsOf(options, headers)).toEqual([
      {
        code: "carrier-disagrees",
        detail: expect.stringMatching(
          new RegExp(`^${named} ".*" was not read on this path and does not name ${CLIENT}$`),
        ),
      },
    ]);
  });

  test("never changes the client, and says nothing where there is none", () => {
    expect(warningsOf(trusted, { "x-forwarded-for": "x", "x-real-ip": CLIENT })).toEqual([]);
  });
});

describe("client-is-proxy", () => {
  test("the counted client is in the ranges of the proxies: perhaps there is one proxy more", () => {
    const options: PolicyOptions = { hops: 1, peers: ["10.0.0.0/8"], from: "x-forwarded-for" };
    expect(warningsOf(options, { "x-forwarded-for": `${CLIENT}, 10.0.0.2` })).toEqual([
      { code: "client-is-proxy", detail: "claim 1 is 10.0.0.2, which is in the prefixes of the proxies" },
    ]);
  });
});
