import { describe, expect, test } from "vitest";
import type { Stop } from "../evidence/claim.ts";
import type { PolicyOptions } from "../policy/policy-options.ts";
import { ask, CLIENT, FORGED, from, trusted } from "../../test/answer.ts";

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
    ["an empty value", "", undefined, "carrier-absent"],
    ["white space alone", " \t", undefined, "carrier-absent"],
    ["no lines", [], undefined, "carrier-absent"],
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
