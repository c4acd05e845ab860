import type { Policy, Resolution } from "@wherefrom/core";
import { getClient as clientOf, getClientIp as addressOf } from "@wherefrom/net";
import type { Context } from "koa";

/** `getClientIp` of @wherefrom/net for the request that Koa wraps. */
export function getClientIp({ req }: Pick<Context, "req">, policy?: Policy): string | undefined {
  return addressOf(req, policy);
}

/** `getClient` of @wherefrom/net for the request that Koa wraps. */
export function getClient({ req }: Pick<Context, "req">, policy?: Policy): Resolution {
  return clientOf(req, policy);
}
