import {
  clientAddress,
  type Evidence,
  type Headers,
  type Policy,
  type PolicySource,
  type Resolution,
  resolve,
} from "@wherefrom/core";
import { isPolicySource, markProbe } from "@wherefrom/core/internal";
import { askable } from "../connection/askable.ts";
import { connectionFor } from "../connection/connection-for.ts";
import { headersCutAt } from "../connection/header-limit.ts";
import { isLookDue, lookAtRequest } from "../connection/header-watch.ts";
import { keepResolution, keptResolution } from "../connection/kept.ts";
import { noPolicy, requirePolicy } from "../connection/no-policy.ts";
import { hasWebHeaders, notASource } from "../connection/not-a-source.ts";
import { isProbeRequest } from "../connection/probe.ts";
import { keptOriginal, originalOf } from "../connection/original.ts";
import { policyAt, type PolicyOrSource } from "../connection/policy-at.ts";
import { givenFor } from "../connection/policy-of.ts";
import { socketOf } from "../connection/session-sockets.ts";
import { isRequest, type RequestLike, type Source } from "../connection/source.ts";

/**
 * The client's canonical address, or undefined where the policy cannot prove one. Without `policy` the one in force answers: the middleware's,
 * else the server's; without any, `ERR_WHEREFROM_NO_POLICY` is thrown, never the bare peer returned. Nothing is allocated but the text.
 */
export function getClientIp(source: Source, policy?: Policy | PolicySource): string | undefined {
  const asked = askable("getClientIp", source);
  const kept = keptResolution(asked);
  if (kept !== undefined && holds(kept, asked, policy)) return kept.client?.address;
  const socket = isRequest(asked) ? socketOf(asked) : asked;
  const given = policy === undefined ? givenFor(socket) : policy;
  if (given === undefined) throw noPolicy("getClientIp", asked);
  if (policy !== undefined) requirePolicy("getClientIp(source, policy)", policy);
  const known = policyAt(asked, given);
  const connection = connectionFor(known, socket);
  if (!isRequest(asked)) return clientAddress(connection, undefined, known);
  if (isLookDue()) return resolveNow(asked, known, "getClientIp", true).client?.address;
  const { rawHeaders } = originalOf(asked);
  return clientAddress(connection, headersOf(asked, "getClientIp"), known, rawHeaders, headersCutAt(asked));
}

/**
 * Who the client is, and how we know. A socket answers for its connection, whatever was requested over it, until an upgrade makes it the request's.
 * What the policy in force answers is kept, and outlives the client's disconnect; another policy is asked afresh.
 */
export function getClient(source: Source, policy?: Policy | PolicySource): Resolution {
  const asked = askable("getClient", source);
  const kept = keptResolution(asked);
  if (kept !== undefined && holds(kept, asked, policy)) return kept;
  // What a socket has answered under an earlier policy of its source is replaced; what was attached to a request stays.
  const own =
    kept === undefined || !isRequest(asked) ? givenFor(isRequest(asked) ? socketOf(asked) : asked) : undefined;
  const given = policy === undefined ? own : policy;
  if (given === undefined) throw noPolicy("getClient", asked);
  if (policy !== undefined) requirePolicy("getClient(source, policy)", policy);
  const known = policyAt(asked, given);
  const inForce = own === undefined ? undefined : policyAt(asked, own);
  const resolution = resolveNow(asked, known, "getClient", isRequest(asked) && isLookDue());
  return known === inForce && isFinal(asked, known) ? keepResolution(asked, resolution) : resolution;
}

/** Whether what was kept answers the question: under the policy that is asked for; without one, what a request was answered stays, and what a socket was, while its source has the same policy. */
function holds(kept: Resolution, asked: Source, policy: PolicyOrSource | undefined): boolean {
  if (policy !== undefined) return policy === kept.policy || policyAt(asked, policy) === kept.policy;
  if (isRequest(asked)) return true;
  const given = givenFor(asked);
  return given === undefined || !isPolicySource(given) || given.current === kept.policy;
}

/** A TLS socket may still be shaking hands: a certificate that the policy asks for may come yet. A request comes after it. */
function isFinal(source: Source, policy: Policy): boolean {
  return isRequest(source) || !policy.demandsCertificate || connectionFor(policy, source).certificate !== undefined;
}

/** Resolves what is known now, and keeps nothing. With `isLooked` a request is looked at for what the operator should know. */
export function resolveNow(source: Source, policy: Policy, caller: string, isLooked: boolean): Resolution {
  if (!isRequest(source)) return resolve({ connection: connectionFor(policy, source) }, policy);
  const evidence = evidenceOf(source, policy, caller);
  const resolution = resolve(evidence, policy);
  if (isProbeRequest(source)) markProbe(resolution);
  else if (isLooked) lookAtRequest(source, evidence.headers, policy, resolution);
  return resolution;
}

function evidenceOf(request: RequestLike, policy: Policy, caller: string): Evidence & { readonly headers: Headers } {
  const { url, originalUrl } = request;
  return {
    connection: connectionFor(policy, socketOf(request)),
    headers: headersOf(request, caller),
    rawHeaders: originalOf(request).rawHeaders,
    headersCutAt: headersCutAt(request),
    target: originalUrl ?? url,
  };
}

/** As they came. Read once for each question: node:http builds them in a getter. */
function headersOf(request: RequestLike, caller: string): Headers {
  const original = keptOriginal(request);
  if (original !== undefined) return original.headers;
  const { headers, rawHeaders } = request;
  const isRead =
    typeof headers === "object" && headers !== null && (rawHeaders !== undefined || !hasWebHeaders(headers));
  if (!isRead) throw notASource(caller, request);
  return headers;
}
