import type { IncomingMessage } from "node:http";
import type { Server } from "node:net";
import type { Policy, PolicySource, Resolution } from "@wherefrom/core";
import { currentPolicy } from "@wherefrom/core/internal";
import { connectionOf, getClient, keptResolution, type RequestLike } from "@wherefrom/net";
import { givenFor, headersCutAt, onlyPolicy, policyAskedOf, serverOf, socketOf } from "@wherefrom/net/internal";
import { describeSelf } from "../observer/self-description.ts";
import { describeServer } from "../observer/server-description.ts";
import { type Answer, type AnsweredResolution, POLICY_LIMIT_BYTES } from "../protocol/answer.ts";
import type { Arming } from "./arming.ts";
import { carrierNames, demandedHeaders, tellHeaders, tellRead } from "./told-headers.ts";

/** What an origin's host is made of. */
const HOST_TEXT = /^[\w.:[\]-]{1,255}$/;

/** What an answer needs beside the request. */
export interface AnswerContext {
  readonly id: string;
  /** The number of its connection. */
  readonly connection: number;
  readonly now: number;
  readonly arming: Pick<Arming, "isArmed" | "until">;
  /** The policy of the doctor's options. */
  readonly policy: Policy | PolicySource | undefined;
}

/** The evidence of one request. Reads the request, and changes nothing. */
export function answerTo(request: IncomingMessage, context: AnswerContext): Answer {
  const socket = socketOf(request as RequestLike);
  const { transport, peer, peerPort, claims } = connectionOf(socket);
  const server = serverOf(socket);
  const given = context.policy ?? policyOf(socket, server);
  const resolution = resolutionOf(request as RequestLike, context.policy !== undefined, given);
  const carriers = carrierNames(resolution?.policy);
  const told = tellHeaders(request.rawHeaders, carriers, demandedHeaders(resolution?.policy));
  const { localAddress, localPort } = socket as { readonly localAddress?: string; readonly localPort?: number };
  const cutAt = headersCutAt(request as RequestLike);
  return {
    v: 1,
    id: context.id,
    connection: context.connection,
    lines: request.rawHeaders.length / 2,
    http: request.httpVersion,
    transport,
    ...(peer !== undefined && { peer }),
    ...(peerPort !== undefined && { peerPort }),
    claims: claims.map(({ method, format, says, endpoint, destination }) => ({
      method,
      format,
      says,
      ...(endpoint !== undefined && { endpoint }),
      ...(destination !== undefined && { destination }),
    })),
    ...(localAddress !== undefined && { local: localAddress }),
    ...(localPort !== undefined && { localPort }),
    headers: told.lines,
    read: tellRead(request.headers, told, carriers),
    names: told.names,
    ...(cutAt !== undefined && { headersCutAt: cutAt }),
    ...(resolution !== undefined && { resolution: tellResolution(resolution) }),
    server: describeServer(server, policyFor(resolution, given), POLICY_LIMIT_BYTES),
    self: describeSelf(context.now, context.arming, "prober"),
  };
}

/** Of the server; else of a middleware behind the handler, which earlier requests have met; else the only one of the process. */
function policyOf(
  socket: Parameters<typeof givenFor>[0],
  server: Server | undefined,
): Policy | PolicySource | undefined {
  return givenFor(socket) ?? (server === undefined ? undefined : policyAskedOf(server)) ?? onlyPolicy();
}

/** A source is told as such where it has the policy that answered. */
function policyFor(resolution: Resolution | undefined, given: Policy | PolicySource | undefined): typeof given {
  if (resolution === undefined) return given;
  if (given === undefined) return resolution.policy;
  try {
    return currentPolicy(given) === resolution.policy ? given : resolution.policy;
  } catch {
    return resolution.policy;
  }
}

/** What a middleware has attached, where the options name no policy; else what `policy` says. Undefined without one, and for a source that has none yet. */
function resolutionOf(
  request: RequestLike,
  isNamed: boolean,
  policy: Policy | PolicySource | undefined,
): Resolution | undefined {
  const kept = isNamed ? undefined : keptResolution(request);
  if (kept !== undefined || policy === undefined) return kept;
  try {
    return getClient(request, policy);
  } catch {
    return undefined;
  }
}

function tellResolution(resolution: Resolution): AnsweredResolution {
  const { client, nearest, method, stop, origin, warnings, hops } = resolution;
  const { host, hostFrom, ...rest } = origin;
  return {
    ...(client !== undefined && { client }),
    ...(nearest !== undefined && { nearest }),
    method,
    stop,
    origin: { ...rest, ...(host !== undefined && HOST_TEXT.test(host) && { host, hostFrom }) },
    warnings: [...new Set(warnings.map(({ code }) => code))],
    hops: hops.map((hop) => ({
      method: hop.method,
      format: hop.format,
      endpoint: hop.endpoint,
      verdict: hop.verdict,
    })),
  };
}
