import type { Policy, PolicySource } from "@wherefrom/core";
import type { RequestLike } from "@wherefrom/net";
import type { Attacher } from "@wherefrom/net/internal";

/** On a scope (a Fastify instance): its policy. Scopes inherit from the scopes that they stand in. */
const POLICY: unique symbol = Symbol.for("wherefrom.fastify.policy");

/** On a scope: how its requests are attached to. */
const ATTACH: unique symbol = Symbol.for("wherefrom.fastify.attach");

type Scope = object & { [POLICY]?: Policy | PolicySource; [ATTACH]?: Attacher };

/** A FastifyRequest, whatever server it came through. */
export interface Wrapper {
  readonly raw: RequestLike;
  /** The scope of its route; for a request that Fastify refuses before it finds a route, the outermost. */
  readonly server?: object;
}

export function putScopeUnder(policy: Policy | PolicySource, attach: Attacher, scope: Scope): void {
  scope[POLICY] = policy;
  scope[ATTACH] = attach;
}

/** The innermost policy's way to attach; undefined where there is none, or where a copy of another version has put the scope under its policy. */
export function attacherOf(request: Wrapper): Attacher | undefined {
  return (request.server as Scope | undefined)?.[ATTACH];
}

/** The innermost policy around the request's route: the same before, in and after every hook. */
export function policyOf(request: Wrapper): Policy | PolicySource | undefined {
  return (request.server as Scope | undefined)?.[POLICY];
}
