import type { Policy, PolicySource } from "@wherefrom/core";
import type { MiddlewareOptions } from "@wherefrom/net";
import { compileAttacher } from "@wherefrom/net/internal";
import type { FastifyPluginCallback, onRequestHookHandler } from "fastify";
import { beforeFirstLine } from "./first-line.ts";
import { answerRequest, decorateRequests } from "./properties.ts";
import { putScopeUnder } from "./scope.ts";

/**
 * A plugin after which `request.ip` and `ips` are read from the Resolution, as are `getClientIp(request)` and `getClient(request)`; and `protocol`, `host`, `hostname` and
 * `port` where a believed machine names the protocol or the host: in the scope that registers it and in its children, in every hook and log line. The innermost policy
 * around a route is in force; of several in one scope the last. A source is asked for each request. Throws without a compiled policy or
 * a source that is ready, and for options that are wrong.
 */
export function wherefrom(policy: Policy | PolicySource, options?: MiddlewareOptions): FastifyPluginCallback {
  const attach = compileAttacher(policy, options);
  const plugin: FastifyPluginCallback = (scope, _, done) => {
    putScopeUnder(policy, attach, scope);
    decorateRequests(scope);
    if (!beforeFirstLine(scope, answerRequest)) scope.addHook("onRequest", answerInHook);
    done();
  };
  // Fastify's marks for a plugin that belongs to the scope which registers it, and for the versions that it is for.
  return Object.assign(plugin, {
    [Symbol.for("skip-override")]: true,
    [Symbol.for("fastify.display-name")]: "@wherefrom/fastify",
    [Symbol.for("plugin-meta")]: { fastify: "5.x", name: "@wherefrom/fastify" },
  });
}

const answerInHook: onRequestHookHandler = (request, _reply, next) => {
  answerRequest(request);
  next();
};
