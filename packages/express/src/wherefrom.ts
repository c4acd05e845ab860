import type { Policy, PolicySource } from "@wherefrom/core";
import { answerFrom, type MiddlewareOptions } from "@wherefrom/net";
import { compileAttacher } from "@wherefrom/net/internal";
import type { Express, RequestHandler } from "express";
import { prototypesOf, uncoverProperties } from "./properties.ts";

/**
 * Middleware after which `req.ip` and `ips` are read from the Resolution, as are `getClientIp(req)` and `getClient(req)`; and `protocol`, `secure`, `host`, `hostname`
 * and `subdomains` where a believed machine names the protocol or the host. For an application, a sub-application, a router or a route; of several on one path the last
 * is in force. A request that did not pass through it is answered as if it were not there. A source
 * is asked for each request. Throws without a compiled policy or a source that is ready, and for options that are wrong.
 */
export function wherefrom(policy: Policy | PolicySource, options?: MiddlewareOptions): RequestHandler {
  const attach = compileAttacher(policy, options);
  return (request, _response, next) => {
    uncoverProperties(request, policy);
    answerFrom(request, attach(request, policy), prototypesOf(request.app as Express));
    next();
  };
}
