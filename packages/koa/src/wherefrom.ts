import type { IncomingMessage } from "node:http";
import type { Policy } from "@wherefrom/core";
import { attach, defineRequestProperties, requirePolicy } from "@wherefrom/net";
import type { Middleware } from "koa";

const NAMES = ["ip", "ips", "protocol", "host", "hostname"] as const;

/**
 * Middleware after which `ctx.ip`, `ips`, `protocol`, `secure`, `host`, `hostname` and `origin` are read from the Resolution, as are
 * `getClientIp(ctx)` and `getClient(ctx)`. Of several on one path the last is in force. `app.proxy` is not used any more. Throws without a compiled policy.
 */
export function wherefrom(policy: Policy): Middleware {
  requirePolicy("wherefrom(policy)", policy);
  return (context, next) => {
    defineRequestProperties(context.app.request, NAMES, ({ req }: { req: IncomingMessage }) => req, "");
    attach(context.req, policy);
    return next();
  };
}
