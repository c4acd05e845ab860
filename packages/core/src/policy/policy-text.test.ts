import { expect, test } from "vitest";
import { compilePolicy } from "./policy.ts";
import { policyFromEnv } from "./from-env.ts";
import { policyText } from "./policy-text.ts";
import type { PolicySource } from "./source.ts";
import { trustFunction } from "./trust-function.ts";

const SECRET = "correct horse battery";
const policy = compilePolicy({
  rules: [
    { peers: ["10.0.0.0/8"], says: { header: "x-edge", skip: 0 }, with: { header: "x-key", equals: SECRET } },
    { peers: ["192.168.0.0/16"], says: "x-real-ip", with: { header: "x-key", equals: [SECRET] } },
  ],
});
const sourceOf = (current: unknown): PolicySource => ({ current, on: () => {}, off: () => {} }) as never;

test("the text has every option and no secret", () => {
  expect(JSON.parse(policyText(policy))).toEqual({
    rules: [
      { peers: ["10.0.0.0/8"], says: { header: "x-edge", skip: 0 }, with: { header: "x-key", equals: "secret" } },
      { peers: ["192.168.0.0/16"], says: "x-real-ip", with: { header: "x-key", equals: ["secret"] } },
    ],
  });
  expect(policyText(sourceOf(policy))).toBe(policyText(policy));
});

test("what was changed in the options later is not in the text", () => {
  const trust = ["10.0.0.1"];
  const compiled = compilePolicy({ trust, from: "x-real-ip" });
  trust.push("10.0.0.2");
  expect(policyText(compiled)).not.toContain("10.0.0.2");
});

test.each([[{}], [undefined], ["x"], [{ ...policy }]])("%j has no text", (value) => {
  expect(() => policyText(value as never)).toThrow("policyText takes what compilePolicy has made");
});

test("a trust function of a source follows it", () => {
  const source = sourceOf(compilePolicy({ trust: ["10.0.0.1"], from: "x-forwarded-for" })) as { current: unknown };
  const trust = trustFunction(source as never);
  expect(trust("10.0.0.1", 0)).toBe(true);
  source.current = compilePolicy({ trust: [] });
  expect(trust("10.0.0.1", 0)).toBe(false);
});

test.each<[unknown, string]>([
  [true, "that would believe every client; write { trust: ["],
  ["*", "that would believe every client; write { trust: ["],
  [false, "write { trust: [] } to believe no machine"],
  [0, "write { trust: [] } to believe no machine"],
  [1, `write a count as { hops: 1, peers: ["10.0.0.0/24"]`],
  ["10.0.0.1, loopback", `write { trust: ["10.0.0.1", "loopback"], from: "x-forwarded-for" }`],
  [null, "not null"],
])("%j as other software takes it says what to write", (value, text) => {
  expect(() => compilePolicy(value as never)).toThrow(text);
  expect(() => compilePolicy({ trust: value, from: "x-forwarded-for" } as never)).toThrow(text);
});

test.each<[() => unknown, string]>([
  [() => compilePolicy({} as never), "write { trust: [] } to believe no machine, or"],
  [() => compilePolicy(policy as never), "are a compiled policy already: give it as it is"],
  [() => compilePolicy(sourceOf(policy) as never), "are a policy source: give it as it is"],
  [() => compilePolicy({ trust: ["uniquelocal"], from: "x-real-ip" }), `write "private" for RFC 1918 and fc00::/7`],
  [() => compilePolicy({ trust: ["localhost"], from: "x-real-ip" }), `did you mean "loopback"?`],
  [() => compilePolicy({ trust: ["10.0.0.*"], from: "x-real-ip" }), `did you mean "10.0.0.0/24"?`],
  [() => compilePolicy({ trust: ["10.0.0.1, 10.0.0.2"], from: "x-real-ip" }), `["10.0.0.1", "10.0.0.2"]`],
  [() => compilePolicy({ trust: ["10.0.0.1"], from: "xff" as never }), `write "x-forwarded-for"`],
  [() => compilePolicy({ trust: ["10.0.0.1"], from: "PROXY" as never }), `did you mean "proxy-protocol"?`],
  [() => compilePolicy({ trust: ["10.0.0.1"], from: "X-Real-IP" as never }), `did you mean "x-real-ip"?`],
  [() => policyFromEnv("{"), "begins as JSON does, and is none"],
  [() => policyFromEnv(`{"lists":{},"policy":{}}`), "settingsFromText of @wherefrom/sources"],
  [() => policyFromEnv(`{"trust":true}`), `write { "trust": ["10.0.0.0/24"]`],
  [() => policyFromEnv("[]"), "not an empty list"],
  [() => policyFromEnv("trust=10.0.0.1 from=x-forwarded-for skip=x"), `"skip=1"`],
  [() => policyFromEnv("trust=10.0.0.1 from=x-real-ip nodesFilterToa=1"), "nodesFilterToa=true"],
])("%s", (compile, text) => {
  expect(compile).toThrow(text);
});

test("ten thousand prefixes compile in steps, each of a thousand", () => {
  const trust = Array.from({ length: 2500 }, (_, index) => `10.${index >> 8}.${index & 255}.0/24`);
  expect(compilePolicy({ trust, from: "x-real-ip" }).rules).toHaveLength(2);
});

test("words describe an own header, and JSON says every option", () => {
  expect(policyFromEnv("trust=10.0.0.1 from=x-edge form=address")).toEqual(
    compilePolicy({ trust: ["10.0.0.1"], from: { header: "x-edge", form: "address" } }),
  );
  expect(policyFromEnv("trust=10.0.0.1 from=toa,x-forwarded-for skip=1")).toEqual(
    compilePolicy({ trust: ["10.0.0.1"], from: ["toa", { header: "x-forwarded-for", skip: 1 }] }),
  );
  expect(policyFromEnv(` {"rules":[{"peers":["10.0.0.1"],"says":"x-real-ip"}]}`)).toEqual(
    compilePolicy({ rules: [{ peers: ["10.0.0.1"], says: "x-real-ip" }] }),
  );
});
