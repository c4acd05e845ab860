import { describe, expect, test } from "vitest";
import type { PolicyOptions } from "../policy/policy-options.ts";
import { ask, CLIENT, FORGED, from, list } from "../../test/answer.ts";

describe("infrastructure is never a client", () => {
  const nodes = ["10.50.0.0/16", "fe80::%eth0/64"];
  test("a walk that ends at a node has lost the address", () => {
    const options: PolicyOptions = { trust: ["10.0.0.0/8"], from: "x-forwarded-for", infrastructure: nodes };
    const { client, stop, nearest } = ask(options, from("10.50.0.1"), list("10.50.0.7"));
    expect([client, stop, nearest?.address]).toEqual([undefined, "address-lost", "10.50.0.7"]);
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
