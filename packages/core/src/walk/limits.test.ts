import { describe, expect, test } from "vitest";
import { ELEMENT_LIMIT } from "./header-reader.ts";
import type { Headers } from "../evidence/evidence.ts";
import { HOP_LIMIT } from "../options/limits.ts";
import type { PolicyOptions } from "../policy/policy-options.ts";
import { ask, CLIENT, from, list, trusted } from "../../test/answer.ts";

describe("believed machines", () => {
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
