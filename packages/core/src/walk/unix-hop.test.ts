import { describe, expect, test } from "vitest";
import { compilePolicy } from "../policy/policy.ts";
import type { PolicyOptions } from "../policy/policy-options.ts";
import { ask, CLIENT, FORGED, from, list } from "../../test/answer.ts";

const trusting: PolicyOptions = { trust: ["10.0.0.0/8", "unix-hop"], from: "x-forwarded-for" };

describe('"unix-hop" names a machine that a header claims as "unix:"', () => {
  test("the walk goes through it to the client that it names", () => {
    const { client, stop, hops } = ask(trusting, from("10.0.0.1"), list(`${FORGED}, ${CLIENT}, unix:, 10.0.0.2`));
    expect([client?.address, stop]).toEqual([CLIENT, "untrusted-hop"]);
    expect(hops[2]).toEqual({
      method: "x-forwarded-for",
      format: "x-forwarded-for",
      raw: "unix:",
      endpoint: undefined,
      verdict: { trusted: true, rule: "unix-hop" },
    });
  });

  test("in Forwarded as well", () => {
    const policy: PolicyOptions = { trust: ["10.0.0.0/8", "unix-hop"], from: "forwarded", originIsPrivate: true };
    const { client, origin } = ask(policy, from("10.0.0.1"), {
      forwarded: `for=${FORGED}, for=${CLIENT};proto=https, for=unix:;proto=http`,
    });
    expect([client?.address, origin.protocol]).toEqual([CLIENT, "https"]);
  });

  test("its own rule says what it says", () => {
    const rules: PolicyOptions = {
      rules: [
        { peers: ["10.0.0.0/8"], says: "x-forwarded-for" },
        { name: "edge", peers: ["unix-hop"], says: "x-real-ip" },
      ],
    };
    const headers = { ...list("unix:"), "x-real-ip": CLIENT };
    const { client, hops } = ask(rules, from("10.0.0.1"), headers);
    expect(client?.address).toBe(CLIENT);
    expect(hops[1]?.verdict).toEqual({ trusted: true, rule: "edge unix-hop" });
  });

  test("a client of its own has no address, and is not the machine before it", () => {
    for (const text of ["unix:", "unknown, unix:", ", unix:"]) {
      const { client, nearest, stop } = ask(trusting, from("10.0.0.1"), list(text));
      expect([client, nearest?.address, stop]).toEqual([undefined, "10.0.0.1", "anonymous-hop"]);
    }
  });

  test("it is counted where machines are counted, and is never the client", () => {
    const hops = (count: number): PolicyOptions => ({
      hops: count,
      peers: ["10.0.0.0/8", "unix-hop"],
      from: "x-forwarded-for",
    });
    expect(ask(hops(2), from("10.0.0.1"), list(`${FORGED}, ${CLIENT}, unix:`)).client?.address).toBe(CLIENT);
    expect(ask(hops(1), from("10.0.0.1"), list(`${FORGED}, ${CLIENT}, unix:`)).stop).toBe("anonymous-hop");
  });

  test("without it, where the header that it must show is missing, and behind an element of a machine's own, the walk ends there", () => {
    const without: PolicyOptions = { trust: ["10.0.0.0/8", "unix"], from: "x-forwarded-for" };
    const demanding: PolicyOptions = {
      rules: [
        { peers: ["10.0.0.0/8"], says: "x-forwarded-for" },
        { peers: ["unix-hop"], says: "x-forwarded-for", with: { header: "x-secret", equals: "0123456789abcdef" } },
      ],
    };
    const skipping: PolicyOptions = {
      trust: ["10.0.0.0/8", "unix-hop"],
      from: { header: "x-forwarded-for", skip: 1 },
    };
    for (const options of [without, demanding, skipping]) {
      const { client, nearest, stop } = ask(options, from("10.0.0.1"), list(`${CLIENT}, unix:`));
      expect([client, nearest?.address, stop]).toEqual([undefined, "10.0.0.1", "anonymous-hop"]);
    }
  });

  test("headers that must agree do not agree on it", () => {
    const options: PolicyOptions = {
      trust: ["10.0.0.0/8", "unix-hop"],
      from: { all: ["x-forwarded-for", "forwarded"] },
    };
    const headers = { ...list(`${CLIENT}, unix:`), forwarded: `for=${CLIENT}, for=unix:` };
    expect(ask(options, from("10.0.0.1"), headers).stop).toBe("anonymous-hop");
  });

  test('"unix" stays the physical pipe', () => {
    const physical = { transport: "unix", peer: undefined, peerPort: undefined, claims: [] } as const;
    const headers = list(CLIENT);
    expect(ask({ trust: ["unix"], from: "x-forwarded-for" }, physical, headers).client?.address).toBe(CLIENT);
    expect(ask({ trust: ["unix-hop"], from: "x-forwarded-for" }, physical, headers).client).toBeUndefined();
  });

  test("two rules that name it are refused", () => {
    const rule = { peers: ["unix-hop"], says: "x-forwarded-for" } as const;
    expect(() => compilePolicy({ rules: [rule, rule] })).toThrow(/"unix-hop" is named by two rules/);
  });
});
