import * as core from "@wherefrom/core";
import * as corePresets from "@wherefrom/core/presets";
import type { Policy, PolicySource } from "@wherefrom/core";
import type { Request, RequestHandler } from "express";
import type { Request as Request4 } from "types-express4";
import { expectTypeOf, test } from "vitest";
import { getClient, getClientIp, type MiddlewareOptions, wherefrom } from "./index.ts";
import * as entry from "./index.ts";
import * as presets from "./presets.ts";

test("the middleware is one of Express's, and Express's requests can be asked about", () => {
  expectTypeOf(wherefrom).toEqualTypeOf<
    (policy: Policy | PolicySource, options?: MiddlewareOptions) => RequestHandler
  >();
  expectTypeOf(getClientIp).toBeCallableWith({} as Request);
  expectTypeOf(getClient).toBeCallableWith({} as Request, {} as Policy);
});

test("so can those of Express 4", () => {
  expectTypeOf(getClientIp).toBeCallableWith({} as Request4);
  expectTypeOf(getClient).toBeCallableWith({} as Request4, {} as Policy);
});

test("what knows no connection is no request", () => {
  expectTypeOf(getClient).toBeCallableWith({} as Request);
  // @ts-expect-error: nothing is known of it.
  getClientIp({});
  // @ts-expect-error: headers without a connection.
  getClient({ headers: {} });
});

test("options that were not compiled are no policy", () => {
  // @ts-expect-error: the middleware wants compilePolicy(options).
  expectTypeOf(wherefrom).toBeCallableWith({ trust: [], from: "x-forwarded-for" });
});

test("one install is enough: policies and presets come from this package as well", () => {
  expectTypeOf(entry.compilePolicy).toEqualTypeOf(core.compilePolicy);
  expectTypeOf(entry.policyFromEnv).toEqualTypeOf(core.policyFromEnv);
  expectTypeOf(entry.rateLimitKey).toEqualTypeOf(core.rateLimitKey);
  expectTypeOf<entry.PolicyOptions>().toEqualTypeOf<core.PolicyOptions>();
  expectTypeOf<entry.Policy>().toEqualTypeOf<core.Policy>();
  expectTypeOf<entry.Resolution>().toEqualTypeOf<core.Resolution>();
  expectTypeOf(presets).toEqualTypeOf(corePresets);
});
