import { expectTypeOf, test } from "vitest";
import { nginx } from "../presets/own-proxy.ts";
import { compilePolicy } from "./policy.ts";
import type { PolicyOptions } from "./policy-options.ts";
import type { Says } from "./carrier.ts";

const trust = ["10.0.0.0/8"];
const from = "x-forwarded-for";

test("what a machine says is a word that is known, or a header described", () => {
  const said = ["x-forwarded-for", "forwarded", "x-real-ip", "cf-connecting-ip", "toa", "proxy-protocol"] as const;
  for (const each of said) expectTypeOf(compilePolicy).toBeCallableWith({ trust, from: each });
  expectTypeOf(compilePolicy).toBeCallableWith({ trust, from: { header: "x-mine" } });
  expectTypeOf(compilePolicy).toBeCallableWith({ trust, from: ["toa", { header: "x-mine", form: "list" }] });
  expectTypeOf<"nothing">().toExtend<Says>();
  // A text of which nothing more is known, as one of an environment variable: policyFromEnv takes those.
  expectTypeOf<string>().not.toExtend<Says>();
  // @ts-expect-error -- misspelt
  compilePolicy({ trust, from: "x-forwared-for" });
  // @ts-expect-error -- a header of one's own is described
  compilePolicy({ trust, from: "x-mine" });
  // @ts-expect-error -- misspelt, in a list
  compilePolicy({ rules: [{ peers: trust, says: ["tao", from] }] });
  // @ts-expect-error -- connection methods cannot be asked to agree
  compilePolicy({ trust, from: { all: ["toa", from] } });
  // @ts-expect-error -- "nothing" stands alone
  compilePolicy({ trust, from: ["nothing", from] });
});

test("what is appended to or counted along is a list header", () => {
  expectTypeOf(compilePolicy).toBeCallableWith({ hops: 1, peers: trust, from: { header: "x-mine", form: "list" } });
  // @ts-expect-error -- one value is no list
  compilePolicy({ hops: 1, peers: trust, from: "x-real-ip" });
  // @ts-expect-error -- machines of a connection method are not counted
  compilePolicy({ hops: 1, peers: trust, from: "toa" });
  // @ts-expect-error -- one value is no list
  compilePolicy({ rules: [{ peers: trust, says: "toa", appends: ["x-real-ip"] }] });
});

test("a header of protocol, host or port is a known name, or described", () => {
  expectTypeOf(compilePolicy).toBeCallableWith({ trust, from, origin: ["x-forwarded-proto"] });
  expectTypeOf(compilePolicy).toBeCallableWith({ trust, from, origin: [{ header: "x-scheme", tells: "protocol" }] });
  // @ts-expect-error -- misspelt
  compilePolicy({ trust, from, origin: ["x-forwarded-protocol"] });
  // @ts-expect-error -- misspelt, to a preset
  nginx({ peers: trust, origin: ["x-forwarded-protocol"] });
  // @ts-expect-error -- what it tells is not left out
  compilePolicy({ trust, from, origin: [{ header: "x-scheme" }] });
});

test("an option that is misspelt, or of another form, is refused wherever it stands", () => {
  expectTypeOf(compilePolicy).parameter(0).toEqualTypeOf<PolicyOptions>();
  // @ts-expect-error -- misspelt
  compilePolicy({ trust, from, silnet: "unknown" });
  // @ts-expect-error -- misspelt, in a rule
  compilePolicy({ rules: [{ peers: trust, says: from, orgin: ["x-forwarded-proto"] }] });
  // @ts-expect-error -- misspelt, in a header
  compilePolicy({ trust, from: { header: "x-mine", skp: 1 } });
  // @ts-expect-error -- misspelt, in a demand
  compilePolicy({ trust, from, with: { header: "x-secret", equals: "correct horse", machine: 2 } });
  // @ts-expect-error -- misspelt, to a preset
  nginx({ peers: trust, orgin: ["x-forwarded-proto"] });
  // @ts-expect-error -- two forms at once
  compilePolicy({ trust, from, hops: 1 });
  // @ts-expect-error -- two forms at once
  compilePolicy({ trust, from, rules: [] });
  // @ts-expect-error -- what counted machines say when they are silent is no option
  compilePolicy({ hops: 1, peers: trust, from, silent: "unknown" });
  const both = { trust, from, hops: 1 } as const;
  // @ts-expect-error -- two forms at once, through a variable
  compilePolicy(both);
  const ruled = { rules: [], originIsPrivate: true };
  // @ts-expect-error -- of another form, through a variable
  compilePolicy(ruled);
});

test("options can be kept, shared and spread", () => {
  const shared = { trust, from } as const;
  expectTypeOf(compilePolicy).toBeCallableWith(shared);
  expectTypeOf(compilePolicy).toBeCallableWith({ ...shared, origin: ["x-forwarded-host"], silent: "unknown" });
  expectTypeOf(compilePolicy).toBeCallableWith({ ...shared, with: { certificate: "authorized" } });
  const counted: PolicyOptions = { hops: 1, peers: trust, from };
  expectTypeOf(compilePolicy).toBeCallableWith({ ...counted, originIsPrivate: true });
});
