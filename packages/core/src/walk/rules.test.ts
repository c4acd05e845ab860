import { describe, expect, test } from "vitest";
import type { PolicyOptions } from "../policy/policy-options.ts";
import type { RuleOptions } from "../policy/rule.ts";
import { ask, claimOf, CLIENT, FORGED, from, list, trusted } from "../../test/answer.ts";

describe("a rule names machines and what they say", () => {
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
    expect(ask(trusted, from("10.0.0.1"), { "x-real-ip": FORGED, "cf-connecting-ip": FORGED })).toMatchObject({
      client: undefined,
      nearest: { address: "10.0.0.1" },
      stop: "carrier-absent",
    });
  });

  test("look-alike names are other headers", () => {
    const headers = { x_forwarded_for: FORGED, "x.forwarded.for": FORGED, "x-forwarded-for ": FORGED };
    expect(ask(trusted, from("10.0.0.1"), headers)).toMatchObject({ client: undefined, stop: "carrier-absent" });
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

  test("a claim that one kind of machine made proves nothing of a machine of another kind, which made none", () => {
    const rules: RuleOptions[] = [
      { peers: ["10.1.0.0/16"], says: ["toa", "proxy-protocol"] },
      { peers: ["10.2.0.0/16"], says: "proxy-protocol" },
    ];
    const connection = from("10.1.0.1", { claims: [claimOf("toa", "10.2.0.1")] });
    const { client, nearest, stop } = ask({ rules }, connection, {});
    expect([client, nearest?.address, stop]).toEqual([undefined, "10.2.0.1", "carrier-absent"]);
  });

  test("a header that every object has by inheritance is a header that is not there", () => {
    const options: PolicyOptions = { trust: ["10.0.0.0/8"], from: { header: "constructor" } };
    expect(ask(options, from("10.0.0.1"), {})).toMatchObject({ client: undefined, stop: "carrier-absent" });
    expect(ask({ ...options, from: { header: "__proto__", form: "list" } }, from("10.0.0.1"), {}).stop).toBe(
      "carrier-absent",
    );
  });
});
