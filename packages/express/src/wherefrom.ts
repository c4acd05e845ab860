import { type Policy, trustFunction } from "@wherefrom/core";
import { attach, hostnameOf, hostOf, ipOf, ipsOf, keptResolution, protocolOf, requirePolicy } from "@wherefrom/net";
import type { Express, Request, RequestHandler } from "express";

/** The properties of a request that its Resolution answers; Express derives `secure` and `subdomains` from them. */
const PROPERTIES = { ip: ipOf, ips: ipsOf, protocol: protocolOf, hostname: hostnameOf, host: hostOf };

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

/** Once for each application and policy. Express's own trust setting, which libraries read too, is what all policies of the application allow. */
function prepare(app: Express, policy: Policy): void {
  const policies = policiesOf.get(app) ?? new Set();
  if (policies.has(policy)) return;
  if (policies.size === 0) defineProperties(app);
  policiesOf.set(app, policies.add(policy));
  app.set("trust proxy", trustFunction(...policies));
}

/** On the prototype of the application's requests. A request without a Resolution is answered by the prototype behind it: a parent's, or Express's own. */
function defineProperties(app: Express): void {
  const prototype: object = app.request;
  for (const [name, read] of Object.entries(PROPERTIES)) {
    // By `req.host` Express 4, which has `app.del`, means the name without the port, and derives it.
    if (name === "host" && "del" in app) continue;
    Object.defineProperty(prototype, name, {
      configurable: true,
      enumerable: true,
      get(this: Request): unknown {
        const resolution = keptResolution(this);
        if (resolution !== undefined) return read(resolution, this);
        return Reflect.get(Object.getPrototypeOf(prototype) as object, name, this);
      },
    });
  }
}
