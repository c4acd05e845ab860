import { compilePolicy, type PolicyOptions } from "@wherefrom/core";
import { expect, test } from "vitest";
import { code, importsOf, policyCode } from "./policy-code.ts";
import { SECRET } from "../candidates/vendor-rule.ts";
import { vendorOf } from "../evidence/vendor.ts";

const cloudflare = vendorOf("173.245.48.10");
const google = vendorOf("35.191.0.5");

test("a policy is a literal of JavaScript", () => {
  const policy = { trust: ["10.0.1.2"], from: { header: "x-forwarded-for", skip: 1 } } as PolicyOptions;
  expect(policyCode({ policy, vendors: [] })).toBe(
    '{ trust: ["10.0.1.2"], from: { header: "x-forwarded-for", skip: 1 } }',
  );
});

test("a secret is read from the environment, and a policy with its mark compiles", () => {
  const policy = {
    trust: ["10.0.1.2"],
    from: "x-real-ip",
    with: { header: "x-origin-secret", equals: SECRET },
  } as const;
  expect(() => compilePolicy(policy)).not.toThrow();
  expect(code(policy)).toContain("equals: process.env.ORIGIN_SECRET");
});

test("machines of vendors are presets, not prefixes", () => {
  const rules = [
    {
      name: "cloudflare",
      peers: cloudflare?.prefixes ?? [],
      says: "cf-connecting-ip",
      with: { header: "x-origin-secret", equals: SECRET },
    },
    { name: "googleLoadBalancer", peers: google?.prefixes ?? [], says: { header: "x-forwarded-for", skip: 1 } },
    { peers: ["10.0.1.2"], says: "x-forwarded-for" },
  ] as const;
  const vendors = [cloudflare, google].filter((vendor) => vendor !== undefined);
  const policy = { rules } as PolicyOptions;
  expect(policyCode({ policy, vendors })).toBe(
    '{ rules: [cloudflare({ ranges, with: { header: "x-origin-secret", equals: process.env.ORIGIN_SECRET } }), googleLoadBalancer(), { peers: ["10.0.1.2"], says: "x-forwarded-for" }] }',
  );
  expect(importsOf({ vendors })).toEqual([
    'cloudflare, googleLoadBalancer: from "@wherefrom/net/presets"',
    "ranges: parseRangeTable(text, { source, asOf }) of the list that Cloudflare publishes",
  ]);
  expect(() => compilePolicy(policy)).not.toThrow();
});
