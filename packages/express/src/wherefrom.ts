import { type Policy, trustFunction } from "@wherefrom/core";
import { attach, defineRequestProperties, requirePolicy } from "@wherefrom/net";
import type { Express, Request, RequestHandler } from "express";

/** The policies in use in each application, in the order of their first request. */
const policiesOf = new WeakMap<Express, Set<Policy>>();

/**
 * Middleware after which `req.ip`, `ips`, `protocol`, `secure`, `host`, `hostname` and `subdomains` are read from the Resolution, as are `getClientIp(req)`
 * and `getClient(req)`. For an application, a sub-application or a router; of several on one path the last is in force. Throws without a compiled policy.
 */
export function wherefrom(policy: Policy): RequestHandler {
  requirePolicy("wherefrom(policy)", policy);
  return (request, _response, next) => {
    prepare(request.app as Express, policy);
    attach(request, policy);
    next();
  };
}

/** Once for each application and policy: properties on the prototype of its requests. Express's own trust setting, which libraries read too, is what all policies of the application allow. */
function prepare(app: Express, policy: Policy): void {
  const policies = policiesOf.get(app) ?? new Set();
  if (policies.has(policy)) return;
  // By `req.host` Express 4, which has `app.del`, means the name without the port, and derives it.
  const names = ["ip", "ips", "protocol", "hostname", ...("del" in app ? [] : (["host"] as const))] as const;
  defineRequestProperties(app.request, names, (request: Request) => request, undefined);
  policiesOf.set(app, policies.add(policy));
  app.set("trust proxy", trustFunction(...policies));
}
