import type { Policy, PolicySource, Resolution } from "@wherefrom/core";
import { getClient as clientOf, getClientIp as addressOf, type RequestLike } from "@wherefrom/net";
import type { Context } from "koa";

type Wrapper = Pick<Context, "req">;

/** `getClientIp` of @wherefrom/net for the request that Koa wraps. */
export function getClientIp(context: Wrapper, policy?: Policy | PolicySource): string | undefined {
  return addressOf(requestOf(context), policy);
}

/** `getClient` of @wherefrom/net for the request that Koa wraps. */
export function getClient(context: Wrapper, policy?: Policy | PolicySource): Resolution {
  return clientOf(requestOf(context), policy);
}

/** What is no context is refused by @wherefrom/net, which says what came. */
function requestOf(context: Partial<Wrapper> | undefined): RequestLike {
  return context?.req ?? (context as RequestLike);
}
