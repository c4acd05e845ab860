import type { Policy, PolicySource, Resolution } from "@wherefrom/core";
import { type Answer, believedHostOf, defineAnswers, ipOf, ipsOf, type MiddlewareOptions } from "@wherefrom/net";
import { compileAttacher } from "@wherefrom/net/internal";
import type { Middleware, Request } from "koa";

/** On Koa's request: what its properties answer from. Only a request that passed through the middleware has it. */
const ANSWER: unique symbol = Symbol.for("wherefrom.answer");

/** Koa keeps `ctx.URL` when it is read first. */
type Answered = Request & { [ANSWER]?: Resolution; memoizedURL?: URL | undefined };

/** `secure`, `hostname`, `subdomains`, `href`, `URL` and Koa 2's `origin` follow from these. */
const ANSWERS: Readonly<Record<string, Answer<Request>>> = {
  ip: (resolution) => ipOf(resolution) ?? "",
  ips: ipsOf,
  protocol: ({ origin }, own, request) => origin.protocol ?? own(distrusting(request)),
  host: (resolution, own, request) => believedHostOf(resolution) ?? own(distrusting(request)),
};

/**
 * Middleware after which `ctx.ip` and `ips` are read from the Resolution, as are `getClientIp(ctx)` and `getClient(ctx)`; and `protocol`, `secure`, `host`, `hostname` and
 * what follows from them where a believed machine names the protocol or the host. Of several on one path the last is in force. `app.proxy` is not used any more behind
 * it; a request that did not pass through it is answered as if it were not there. A source is asked for each request. Throws without a compiled
 * policy or a source that is ready, and for options that are wrong.
 */
export function wherefrom(policy: Policy | PolicySource, options?: MiddlewareOptions): Middleware {
  const attach = compileAttacher(policy, options);
  return ({ app, request, req }, next) => {
    defineAnswers(app.request, ANSWERS, answerOf);
    const answered: Answered = request;
    answered[ANSWER] = attach(req, policy);
    answered.memoizedURL = undefined;
    return next();
  };
}

function answerOf(request: Answered): Resolution | undefined {
  return request[ANSWER];
}

/** The request for Koa's own properties, in an application without trusted proxies: they read X-Forwarded-Host and -Proto under `app.proxy`. */
function distrusting(request: Request): Request {
  if (!request.app.proxy) return request;
  return Object.create(request, { app: { value: Object.create(request.app, { proxy: { value: false } }) } }) as Request;
}
