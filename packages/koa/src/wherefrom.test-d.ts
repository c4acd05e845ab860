import * as core from "@wherefrom/core";
import * as corePresets from "@wherefrom/core/presets";
import type { Policy, PolicySource, Resolution } from "@wherefrom/core";
import type { Context, Middleware } from "koa";
import { expectTypeOf, test } from "vitest";
import { getClient, getClientIp, type MiddlewareOptions, wherefrom } from "./index.ts";
import * as entry from "./index.ts";
import * as presets from "./presets.ts";

test("the middleware is one of Koa's, and Koa's contexts can be asked about", () => {
  expectTypeOf(wherefrom).toEqualTypeOf<(policy: Policy | PolicySource, options?: MiddlewareOptions) => Middleware>();
  expectTypeOf(getClientIp).toBeCallableWith({} as Context);
  expectTypeOf(getClientIp).returns.toEqualTypeOf<string | undefined>();
  expectTypeOf(getClient({} as Context, {} as Policy)).toEqualTypeOf<Resolution>();
});

test("options that were not compiled are no policy, and headers alone are no context", () => {
  // @ts-expect-error: the middleware wants compilePolicy(options).
  expectTypeOf(wherefrom).toBeCallableWith({ trust: [], from: "x-forwarded-for" });
  // @ts-expect-error: nobody could say who sent these.
  expectTypeOf(getClientIp).toBeCallableWith({ headers: {} });
  // @ts-expect-error: nothing is known of it.
  getClientIp({});
  // @ts-expect-error: nothing is known of what it wraps.
  getClient({ req: {} });
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
