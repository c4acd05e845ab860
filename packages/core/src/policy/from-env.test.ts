import { describe, expect, test } from "vitest";
import { compilePolicy } from "./policy.ts";
import type { PolicyOptions } from "./policy-options.ts";
import { policyFromEnv } from "./from-env.ts";

describe("one environment variable is a policy", () => {
  test.each<[text: string, options: PolicyOptions]>([
    [
      "trust=10.1.2.0/24,loopback from=x-forwarded-for",
      { trust: ["10.1.2.0/24", "loopback"], from: "x-forwarded-for" },
    ],
    ["from=x-forwarded-for trust=private", { trust: ["private"], from: "x-forwarded-for" }],
    [" trust=private;from=x-real-ip;\n", { trust: ["private"], from: "x-real-ip" }],
    [
      "trust=private from=toa,x-forwarded-for silent=unknown",
      { trust: ["private"], from: ["toa", "x-forwarded-for"], silent: "unknown" },
    ],
    [
      "trust=unix from=x-real-ip infrastructure=10.0.0.0/16,10.2.0.0/16",
      { trust: ["unix"], from: "x-real-ip", infrastructure: ["10.0.0.0/16", "10.2.0.0/16"] },
    ],
    ["hops=2 peers=private from=x-forwarded-for", { hops: 2, peers: ["private"], from: "x-forwarded-for" }],
    ["trust=nobody", { trust: [] }],
    ["trust=nobody from=x-forwarded-for", { trust: [], from: "x-forwarded-for" }],
  ])("%j", (text, options) => {
    expect(policyFromEnv(text)).toEqual(compilePolicy(options));
  });
});

describe("what is ambiguous is refused", () => {
  test.each([
    [undefined, "ERR_WHEREFROM_INVALID_POLICY", "the text is empty"],
    ["", "ERR_WHEREFROM_INVALID_POLICY", 'write "trust=nobody"'],
    ["  ;\t", "ERR_WHEREFROM_INVALID_POLICY", "the text is empty"],
    ["1", "ERR_WHEREFROM_INVALID_POLICY", '"1" does not say'],
    ["2", "ERR_WHEREFROM_INVALID_POLICY", '"2" does not say'],
    ["true", "ERR_WHEREFROM_INVALID_POLICY", '"true" does not say'],
    ["TRUE", "ERR_WHEREFROM_INVALID_POLICY", '"TRUE" does not say'],
    ["false", "ERR_WHEREFROM_INVALID_POLICY", '"false" does not say'],
    ["*", "ERR_WHEREFROM_INVALID_POLICY", '"*" does not say'],
    ["loopback", "ERR_WHEREFROM_INVALID_POLICY", '"loopback" does not say'],
    ["10.0.0.0/8", "ERR_WHEREFROM_INVALID_POLICY", '"10.0.0.0/8" does not say'],
    ["trust", "ERR_WHEREFROM_INVALID_POLICY", '"trust" does not say'],
    ["trust=", "ERR_WHEREFROM_INVALID_POLICY", '"trust=" does not say'],
    ["=private", "ERR_WHEREFROM_INVALID_POLICY", '"=private" does not say'],
    ["trust=private=from", "ERR_WHEREFROM_INVALID_POLICY", '"trust=private=from" does not say'],
    ["trust = private", "ERR_WHEREFROM_INVALID_POLICY", '"trust" does not say'],
    ["trust=private", "ERR_WHEREFROM_INVALID_POLICY", '"from" is missing'],
    ["from=x-forwarded-for", "ERR_WHEREFROM_INVALID_POLICY", 'neither "trust" nor "hops"'],
    ["trust=private trust=loopback from=x-real-ip", "ERR_WHEREFROM_INVALID_POLICY", '"trust" is written twice'],
    ["trsut=private from=x-real-ip", "ERR_WHEREFROM_INVALID_POLICY", 'did you mean "trust"?'],
    ["with=x-secret=secret123 trust=private", "ERR_WHEREFROM_INVALID_POLICY", '"with=…" does not say'],
    ["with=secret123 trust=private from=x-real-ip", "ERR_WHEREFROM_INVALID_POLICY", '"with" is not a key'],
    ["proxies=private", "ERR_WHEREFROM_INVALID_POLICY", '"proxies" is not a key; trust, from'],
    ["trust=private from=x-real-ip silent=no", "ERR_WHEREFROM_INVALID_POLICY", 'not "no"'],
    ["trust=private from=x-real-ip silent=self,unknown", "ERR_WHEREFROM_INVALID_POLICY", 'not "self,unknown"'],
    ["trust=private hops=1 from=x-forwarded-for", "ERR_WHEREFROM_INVALID_POLICY", '"trust" is not an option here'],
    ["trust=true from=x-forwarded-for", "ERR_WHEREFROM_INVALID_PREFIX", '"true"'],
    ["trust=1 from=x-forwarded-for", "ERR_WHEREFROM_INVALID_PREFIX", '"1"'],
    ["trust=* from=x-forwarded-for", "ERR_WHEREFROM_INVALID_PREFIX", '"*"'],
    ["trust=10/8 from=x-forwarded-for", "ERR_WHEREFROM_INVALID_PREFIX", 'did you mean "10.0.0.0/8"?'],
    ["trust=10.0.0.0/8, from=x-forwarded-for", "ERR_WHEREFROM_INVALID_PREFIX", '""'],
    ["trust=nobody,loopback from=x-forwarded-for", "ERR_WHEREFROM_INVALID_PREFIX", '"nobody"'],
    ["trust=10.0.0.1/8 from=x-forwarded-for", "ERR_WHEREFROM_HOST_BITS", '"10.0.0.0/8"'],
    ["trust=private from=X-Forwarded-For", "ERR_WHEREFROM_INVALID_CARRIER", 'did you mean "x-forwarded-for"?'],
    ["trust=private from=x-forwarded-for,x-real-ip", "ERR_WHEREFROM_INVALID_CARRIER", "a machine says one header"],
    ["hops=1 from=x-forwarded-for", "ERR_WHEREFROM_INVALID_HOPS", "peers"],
    ["hops=one peers=private from=x-forwarded-for", "ERR_WHEREFROM_INVALID_HOPS", 'not "one"'],
    ["hops=01 peers=private from=x-forwarded-for", "ERR_WHEREFROM_INVALID_HOPS", 'not "01"'],
    ["hops=0 peers=private from=x-forwarded-for", "ERR_WHEREFROM_INVALID_HOPS", 'not "0"'],
    ["hops=1e1 peers=private from=x-forwarded-for", "ERR_WHEREFROM_INVALID_HOPS", 'not "1e1"'],
    ["hops=99 peers=private from=x-forwarded-for", "ERR_WHEREFROM_INVALID_HOPS", "not 99"],
  ])("%j: %s", (text, code, said) => {
    expect(() => policyFromEnv(text)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(said) }),
    );
  });

  test.each<[unknown, string]>([
    [null, "null"],
    [1, "1"],
    [{ trust: ["10.0.0.0/8"] }, 'an object with "trust"'],
  ])("what is no text: %j", (given, seen) => {
    expect(() => policyFromEnv(given as string)).toThrow(
      `policyFromEnv takes the text of an environment variable, not ${seen}`,
    );
  });
});
