import { expectTypeOf, test } from "vitest";
import { compilePolicy, type Policy } from "./policy.ts";
import type { PolicyOptions } from "./policy-options.ts";
import { policyFromEnv } from "./from-env.ts";

const from = "x-forwarded-for";

test("the three forms compile to a policy", () => {
  expectTypeOf(compilePolicy({ trust: ["10.0.0.0/8"], from })).toEqualTypeOf<Policy>();
  expectTypeOf(compilePolicy({ trust: [] })).toEqualTypeOf<Policy>();
  expectTypeOf(compilePolicy({ hops: 1, peers: ["10.0.0.0/8"], from })).toEqualTypeOf<Policy>();
  expectTypeOf(
    compilePolicy({ rules: [{ peers: ["unix"], says: ["toa", { header: from, skip: 1 }] }] }),
  ).toEqualTypeOf<Policy>();
  expectTypeOf(policyFromEnv(process.env["TRUST"])).toEqualTypeOf<Policy>();
});

test("what other software guesses from is no option", () => {
  // @ts-expect-error -- trust: true does not exist
  compilePolicy({ trust: true, from });
  // @ts-expect-error -- a count is no list
  compilePolicy({ trust: 1, from });
  // @ts-expect-error -- a text is no list
  compilePolicy({ trust: "10.0.0.0/8", from });
  // @ts-expect-error -- a list holds texts
  compilePolicy({ trust: [1], from });
  // @ts-expect-error -- a count stands with the prefixes of its machines
  compilePolicy({ hops: 1, from });
  // @ts-expect-error -- a count is a number
  compilePolicy({ hops: "1", peers: ["private"], from });
  // @ts-expect-error -- machines are believed about something
  compilePolicy({ rules: [{ peers: ["10.0.0.0/8"] }] });
  // @ts-expect-error -- in the short form as well
  compilePolicy({ trust: ["10.0.0.0/8"] });
  // @ts-expect-error -- there is no such silence
  compilePolicy({ trust: ["10.0.0.0/8"], from, silent: "client" });
  // @ts-expect-error -- there is no such form
  compilePolicy({ trust: ["10.0.0.0/8"], from: { header: "x-mine", form: "json" } });
  // @ts-expect-error -- a misspelt option is no option
  compilePolicy({ trust: ["10.0.0.0/8"], form: from });
  // @ts-expect-error -- a demand names what it equals
  compilePolicy({ trust: ["10.0.0.0/8"], from, with: { header: "x-secret" } });
  // @ts-expect-error -- nothing is no policy
  compilePolicy();
  expectTypeOf(compilePolicy).parameters.toEqualTypeOf<[options: PolicyOptions, now?: Date | undefined]>();
});

test("a policy does not change", () => {
  const policy = {} as Policy;
  // @ts-expect-error -- read-only
  policy.hops = 2;
  // @ts-expect-error -- read-only
  policy.rules.push(undefined);
  expectTypeOf(policy.walkedHeaders).toEqualTypeOf<readonly string[]>();
});
