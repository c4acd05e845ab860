import * as core from "@wherefrom/core";
import * as corePresets from "@wherefrom/core/presets";
import type { IncomingMessage } from "node:http";
import type { Http2SecureServer, Http2Server } from "node:http2";
import type { Server as HttpsServer } from "node:https";
import type { Policy, PolicySource, Resolution } from "@wherefrom/core";
import type { FastifyPluginCallback, FastifyRequest, RouteGenericInterface } from "fastify";
import { expectTypeOf, test } from "vitest";
import { getClient, getClientIp, type MiddlewareOptions, wherefrom } from "./index.ts";
import * as entry from "./index.ts";
import * as presets from "./presets.ts";

test("the plugin is one of Fastify's, and Fastify's requests can be asked about", () => {
  expectTypeOf(wherefrom).toEqualTypeOf<
    (policy: Policy | PolicySource, options?: MiddlewareOptions) => FastifyPluginCallback
  >();
  expectTypeOf(getClientIp).toBeCallableWith({} as FastifyRequest);
  // What middleware of middie and Nest is given.
  expectTypeOf(getClientIp).toBeCallableWith({} as IncomingMessage);
  expectTypeOf(getClientIp).returns.toEqualTypeOf<string | undefined>();
  expectTypeOf(getClient({} as FastifyRequest, {} as Policy)).toEqualTypeOf<Resolution>();
});

test("requests of every server that Fastify knows can be asked about", () => {
  expectTypeOf(getClientIp).toBeCallableWith({} as FastifyRequest<RouteGenericInterface, HttpsServer>);
  expectTypeOf(getClientIp).toBeCallableWith({} as FastifyRequest<RouteGenericInterface, Http2Server>);
  expectTypeOf(getClientIp).toBeCallableWith({} as FastifyRequest<RouteGenericInterface, Http2SecureServer>);
});

test("what knows no connection is no request", () => {
  expectTypeOf(getClient).toBeCallableWith({} as FastifyRequest);
  // @ts-expect-error: nothing is known of it.
  getClientIp({});
  // @ts-expect-error: nothing is known of what it wraps.
  getClient({ raw: {} });
});

test("options that were not compiled are no policy", () => {
  // @ts-expect-error: the plugin wants compilePolicy(options).
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
