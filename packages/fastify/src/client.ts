import type { Policy, Resolution } from "@wherefrom/core";
import { getClient as clientOf, getClientIp as addressOf, type RequestLike } from "@wherefrom/net";

/** A FastifyRequest, whatever server it came through. */
interface Wrapper {
  readonly raw: RequestLike;
}

/** `getClientIp` of @wherefrom/net for the request that Fastify wraps. */
export function getClientIp({ raw }: Wrapper, policy?: Policy): string | undefined {
  return addressOf(raw, policy);
}

/** `getClient` of @wherefrom/net for the request that Fastify wraps. */
export function getClient({ raw }: Wrapper, policy?: Policy): Resolution {
  return clientOf(raw, policy);
}
