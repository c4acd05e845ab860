import { describe, expect, test } from "vitest";
import type { Connection, Headers } from "../evidence/evidence.ts";
import { compilePolicy } from "../policy/policy.ts";
import type { PolicyOptions } from "../policy/policy-options.ts";
import { resolve } from "./resolution.ts";
import { CLIENT, trusted } from "../../test/answer.ts";
import { proxyClaim, warningsOf } from "../../test/warnings.ts";

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
      { claims: [proxyClaim("address", CLIENT)] },
    ],
    [
      "when a claim said that the balancer itself asks",
      { trust: ["10.0.0.0/8"], from: "proxy-protocol" },
      {},
      { claims: [proxyClaim("self")] },
    ],
    [
      "when a claim was malformed, which the proof shows",
      { trust: ["10.0.0.0/8"], from: "proxy-protocol" },
      {},
      { claims: [proxyClaim("malformed")] },
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
    expect(warningsOf(trusted, { "x-forwarded-for": CLIENT }, { claims: [proxyClaim("address", "9.9.9.9")] })).toEqual([
      { code: "claim-unread", detail: 'proxy-v1 "PROXY TCP4" on the connection from 10.0.0.1 is read by no rule' },
    ]);
  });

  test("a claim on a pipe that no rule names", () => {
    expect(warningsOf(trusted, {}, { transport: "unix", peer: undefined, claims: [proxyClaim("self")] })).toEqual([
      {
        code: "claim-unread",
        detail: 'proxy-v1 "PROXY TCP4" on the connection from a peer without an address is read by no rule',
      },
    ]);
  });
});

describe("claim-odd", () => {
  const balancer: PolicyOptions = { trust: ["10.0.0.0/8"], from: "proxy-protocol" };

  test("each oddity of a claim that was read", () => {
    const odd = { ...proxyClaim("address", CLIENT), oddities: ["later-option", "experiment"] };
    expect(warningsOf(balancer, {}, { claims: [odd] })).toEqual([
      { code: "claim-odd", detail: 'proxy-v1 "PROXY TCP4": later-option' },
      { code: "claim-odd", detail: 'proxy-v1 "PROXY TCP4": experiment' },
    ]);
  });

  test("not of one that nobody read", () => {
    const odd = { ...proxyClaim("address", CLIENT), oddities: ["later-option"] };
    expect(warningsOf(balancer, {}, { peer: "8.8.8.8", claims: [odd] })).toMatchObject([{ code: "claim-unread" }]);
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

test("origin-unvouched names a peer without an address as such", () => {
  const connection: Connection = { transport: "unix", peer: undefined, peerPort: undefined, claims: [] };
  const headers = { "x-forwarded-proto": "https" };
  const { warnings } = resolve({ connection, headers }, compilePolicy({ trust: ["unix"], from: "x-real-ip" }));
  expect(warnings.map(({ detail }) => detail)[1]).toContain("the rule of a peer without an address does not vouch");
});

test("origin-unvouched does not speak of a header that the rule vouches for", () => {
  const options: PolicyOptions = { trust: ["10.0.0.0/8"], from: "x-real-ip", origin: ["x-forwarded-proto"] };
  const headers = { "x-real-ip": CLIENT, "x-forwarded-proto": "https", "x-forwarded-host": "a.example" };
  expect(warningsOf(options, headers).map(({ detail }) => detail.split(" ")[0])).toEqual(["x-forwarded-host"]);
});
