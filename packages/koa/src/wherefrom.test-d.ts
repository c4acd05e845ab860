import type { Policy, Resolution } from "@wherefrom/core";
import type { Context, Middleware } from "koa";
import { expectTypeOf, test } from "vitest";
import { getClient, getClientIp, wherefrom } from "./index.ts";

test("the middleware is one of Koa's, and Koa's contexts can be asked about", () => {
  expectTypeOf(wherefrom).toEqualTypeOf<(policy: Policy) => Middleware>();
  expectTypeOf(getClientIp).toBeCallableWith({} as Context);
  expectTypeOf(getClientIp).returns.toEqualTypeOf<string | undefined>();
  expectTypeOf(getClient({} as Context, {} as Policy)).toEqualTypeOf<Resolution>();
});

test("options that were not compiled are no policy, and headers alone are no context", () => {
  // @ts-expect-error: the middleware wants compilePolicy(options).
  expectTypeOf(wherefrom).toBeCallableWith({ trust: [], from: "x-forwarded-for" });
  // @ts-expect-error: nobody could say who sent these.
  expectTypeOf(getClientIp).toBeCallableWith({ headers: {} });
});
