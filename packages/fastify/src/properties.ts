import type { Policy, PolicySource, Resolution } from "@wherefrom/core";
import { attach, believedHostOf, farthestAnswer, ipOf } from "@wherefrom/net";
import { pathOf } from "@wherefrom/net/internal";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { attacherOf, policyOf } from "./scope.ts";

/** On a prototype of requests: that its properties are ours. */
const OURS: unique symbol = Symbol.for("wherefrom.fastify");

type Answer = (resolution: Resolution, request: FastifyRequest) => unknown;

/** `hostname` and `port` follow from `host`. What Fastify says without a `trustProxy` stands farthest back. */
const ANSWERS: Readonly<Record<string, Answer>> = {
  ip: ipOf,
  ips: pathOf,
  protocol: ({ origin }, request) => origin.protocol ?? farthestAnswer(request, "protocol"),
  host: (resolution, request) => believedHostOf(resolution) ?? farthestAnswer(request, "host"),
};

/** Each answers under the policy of the request's scope, whenever it is read: the first log line reads them before any hook has run. */
const GETTERS = Object.entries(ANSWERS).map(
  ([name, answer]) =>
    [
      name,
      function (this: FastifyRequest): unknown {
        return answer(attach(this.raw, policyOf(this) as Policy | PolicySource), this);
      },
    ] as const,
);

/** When the plugin is registered, so that no request changes what another is answered: on the prototype that the requests of a scope share. */
export function decorateRequests(scope: FastifyInstance): void {
  if (scope.hasRequestDecorator(OURS)) return;
  try {
    for (const [name, getter] of GETTERS) scope.decorateRequest(name, { getter });
    scope.decorateRequest(OURS, { getter: () => true });
  } catch (error) {
    // Under a `trustProxy` of Fastify's own its properties are unchangeable: `answerRequest` puts a layer in front of them.
    if ((error as { readonly code?: unknown }).code !== "FST_ERR_DEC_ALREADY_PRESENT") throw error;
  }
}

/** Resolves the request under its scope's policy, as early as this can be called. */
export function answerRequest(request: FastifyRequest): void {
  const policy = policyOf(request);
  if (policy === undefined) return;
  if (!(OURS in request)) Object.setPrototypeOf(request, layerOn(Object.getPrototypeOf(request) as object));
  (attacherOf(request) ?? attach)(request.raw, policy);
}

/** For each prototype that cannot be changed the one that stands in front of it. */
const layers = new WeakMap<object, object>();

function layerOn(prototype: object): object {
  const known = layers.get(prototype);
  if (known !== undefined) return known;
  const layer = Object.create(prototype, { [OURS]: { value: true } }) as object;
  for (const [name, get] of GETTERS) Object.defineProperty(layer, name, { get });
  layers.set(prototype, layer);
  return layer;
}
