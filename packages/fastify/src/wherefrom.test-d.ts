import type { Policy, Resolution } from "@wherefrom/core";
import type { FastifyPluginCallback, FastifyRequest } from "fastify";
import { expectTypeOf, test } from "vitest";
import { getClient, getClientIp, wherefrom } from "./index.ts";

test("the plugin is one of Fastify's, and Fastify's requests can be asked about", () => {
  expectTypeOf(wherefrom).toEqualTypeOf<(policy: Policy) => FastifyPluginCallback>();
  expectTypeOf(getClientIp).toBeCallableWith({} as FastifyRequest);
  expectTypeOf(getClientIp).returns.toEqualTypeOf<string | undefined>();
  expectTypeOf(getClient({} as FastifyRequest, {} as Policy)).toEqualTypeOf<Resolution>();
});

test("options that were not compiled are no policy", () => {
  // @ts-expect-error: the plugin wants compilePolicy(options).
  expectTypeOf(wherefrom).toBeCallableWith({ trust: [], from: "x-forwarded-for" });
});
