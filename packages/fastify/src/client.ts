import type { Policy, PolicySource, Resolution } from "@wherefrom/core";
import { getClient as clientOf, getClientIp as addressOf, type RequestLike } from "@wherefrom/net";
import { policyOf, type Wrapper } from "./scope.ts";

/** `getClientIp` of @wherefrom/net for the request that Fastify wraps, or for the one of node:http that middleware of middie and Nest is given. */
export function getClientIp(request: Wrapper | RequestLike, policy?: Policy | PolicySource): string | undefined {
  return isWrapper(request) ? addressOf(request.raw, policy ?? policyOf(request)) : addressOf(request, policy);
}

/** `getClient` of @wherefrom/net for the request that Fastify wraps, or for the one of node:http that middleware of middie and Nest is given. */
export function getClient(request: Wrapper | RequestLike, policy?: Policy | PolicySource): Resolution {
  return isWrapper(request) ? clientOf(request.raw, policy ?? policyOf(request)) : clientOf(request, policy);
}

/** What is neither is told apart, and refused, by @wherefrom/net. */
function isWrapper(request: Wrapper | RequestLike | undefined): request is Wrapper {
  return (request as Partial<Wrapper> | undefined)?.raw !== undefined;
}
