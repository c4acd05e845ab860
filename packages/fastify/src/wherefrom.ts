import type { Policy } from "@wherefrom/core";
import { attach, defineRequestProperties, type RequestLike, requirePolicy } from "@wherefrom/net";
import type { FastifyPluginCallback } from "fastify";

const OURS: unique symbol = Symbol.for("wherefrom.fastify");
const NAMES = ["ip", "ips", "protocol", "host", "hostname"] as const;

/**
 * A plugin after which `request.ip`, `ips`, `protocol`, `host`, `hostname` and `port` are read from the Resolution, as are `getClientIp(request)` and
 * `getClient(request)`: in the scope that registers it and in its children. Of several on one path the innermost is in force. Throws without a compiled policy.
 */
export function wherefrom(policy: Policy): FastifyPluginCallback {
  requirePolicy("wherefrom(policy)", policy);
  const plugin: FastifyPluginCallback = (scope, _options, done) => {
    // A scope that decorates its requests has a prototype of its own for them; without one all share Fastify's, whose `ip` is unchangeable.
    if (!scope.hasRequestDecorator(OURS)) scope.decorateRequest(OURS, { getter: () => true });
    scope.addHook("onRequest", (request, _reply, next) => {
      const prototype = Object.getPrototypeOf(request) as object;
      const answering = answeringPrototype(prototype);
      if (answering !== prototype) Object.setPrototypeOf(request, answering);
      attach(request.raw, policy);
      next();
    });
    done();
  };
  // Fastify's marks for a plugin that belongs to the scope which registers it, and for the versions that it is for.
  return Object.assign(plugin, {
    [Symbol.for("skip-override")]: true,
    [Symbol.for("fastify.display-name")]: "@wherefrom/fastify",
    [Symbol.for("plugin-meta")]: { fastify: "5.x", name: "@wherefrom/fastify" },
  });
}

/** For each prototype (every scope has one) the one whose properties answer from the Resolution. */
const answeringPrototypes = new WeakMap<object, object>();

/** The prototype itself; or, under a `trustProxy` of Fastify's own, which makes `ip` and others unchangeable, a layer in front of it. */
function answeringPrototype(prototype: object): object {
  const known = answeringPrototypes.get(prototype);
  if (known !== undefined) return known;
  const isFixed = Object.getOwnPropertyDescriptor(prototype, "ip")?.configurable === false;
  const answering = isFixed ? (Object.create(prototype) as object) : prototype;
  defineRequestProperties(answering, NAMES, ({ raw }: { raw: RequestLike }) => raw, "");
  answeringPrototypes.set(prototype, answering);
  return answering;
}
