import type { Policy } from "@wherefrom/core";
import type { Request, RequestHandler } from "express";
import { expectTypeOf, test } from "vitest";
import { getClient, getClientIp, wherefrom } from "./index.ts";

test("the middleware is one of Express's, and Express's requests can be asked about", () => {
  expectTypeOf(wherefrom).toEqualTypeOf<(policy: Policy) => RequestHandler>();
  expectTypeOf(getClientIp).toBeCallableWith({} as Request);
  expectTypeOf(getClient).toBeCallableWith({} as Request, {} as Policy);
});

test("options that were not compiled are no policy", () => {
  // @ts-expect-error: the middleware wants compilePolicy(options).
  expectTypeOf(wherefrom).toBeCallableWith({ trust: [], from: "x-forwarded-for" });
});
