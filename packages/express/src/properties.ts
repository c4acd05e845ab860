import { compilePolicy, type Policy, type PolicySource } from "@wherefrom/core";
import { type Answer, answerOf, believedHostOf, defineAnswers, hostnameOf, ipOf, ipsOf } from "@wherefrom/net";
import { tellOnce } from "@wherefrom/net/internal";
import type { Express, Request } from "express";
import { applicationOf } from "./application.ts";

/** Express notes where an application was mounted last. */
type Application = Express & { readonly parent?: Application };

const NOBODY_TRUSTED = compilePolicy({ trust: [] });

type Answers = Readonly<Record<string, Answer<Request>>>;

const ANSWERS: Answers = {
  ip: ipOf,
  ips: ipsOf,
  protocol: ({ origin }, own, request) => origin.protocol ?? own(distrusting(request)),
  // Where lines were left out, what is left of X-Forwarded-For may be the client's own: no setting may let a library read it.
  app: ({ stop, policy }, own, request) =>
    applicationOf(own(request) as Express, stop === "headers-cut" ? NOBODY_TRUSTED : policy),
};

/** `hostname` and `subdomains` follow from `host`. */
const ANSWERS_5: Answers = {
  ...ANSWERS,
  host: (resolution, own, request) => believedHostOf(resolution) ?? own(distrusting(request)),
};

/** By `req.host` Express 4 means the name without the port, and derives it. */
const ANSWERS_4: Answers = {
  ...ANSWERS,
  hostname: (resolution, own, request) =>
    believedHostOf(resolution) === undefined ? own(distrusting(request)) : hostnameOf(resolution),
};

/** The prototypes of requests of an application and of those that it is mounted in, whose again a request is that leaves it; with our properties on each. */
export function prototypesOf(app: Application): readonly object[] {
  const prototypes: object[] = [];
  for (let at: Application | undefined = app; at !== undefined; at = at.parent) {
    // Express 4 has `app.del`.
    defineAnswers(at.request, "del" in at ? ANSWERS_4 : ANSWERS_5, answerOf);
    prototypes.push(at.request);
  }
  return prototypes;
}

/** Shims for serverless platforms, and Express inside of another framework, put `ip` and its like on the request itself, in front of what the prototype says. What cannot be taken away is told. */
export function uncoverProperties(request: Request, policy: Policy | PolicySource): void {
  if (!Object.hasOwn(request, "ip") && !Object.hasOwn(request, "ips")) return;
  for (const name of ["ip", "ips", "protocol", "host", "hostname"]) {
    if (Reflect.deleteProperty(request, name)) continue;
    const detail = `something in front of the middleware has put an unchangeable property "${name}" on requests: req.${name} says that, and only getClientIp(req) and getClient(req) say what the policy proves. Define it with { configurable: true }, or do not define it`;
    tellOnce(policy, { code: "request-property-fixed", detail }, `request-property-fixed ${name}`);
  }
}

/** The request for Express's own properties, in an application without trusted proxies: they read X-Forwarded-Host and -Proto under `trust proxy`. */
function distrusting(request: Request): Request {
  const app = { get: (name: string): unknown => (name === "trust proxy fn" ? trustNobody : request.app.get(name)) };
  return Object.create(request, { app: { value: app } }) as Request;
}

function trustNobody(): boolean {
  return false;
}
