import { type IncomingMessage, Server as HttpServer, type ServerResponse } from "node:http";
import { Server as HttpsServer } from "node:https";
import { type Resolution, WherefromError } from "@wherefrom/core";
import { checkOptions, listOf, type Shape, type Shapes } from "@wherefrom/core/internal";
import { isHeard, publish } from "../event/event.ts";
import { whileClientsAreHeard } from "./client-watch.ts";
import { type HttpVisit, watchVisits } from "./http-visits.ts";
import { knownResolution } from "../event/known-resolution.ts";
import { auditRefusals } from "./refusal.ts";
import { rejectionOf } from "../event/rejection.ts";
import { compileSample, SAMPLE } from "../event/sample.ts";

/** How many requests become events, and what of them is written down. */
export interface HttpAuditOptions {
  /** The part of requests that becomes `client.resolved`, from 0 to 1. What is rejected is always told. Default 1. */
  readonly sample?: number | undefined;
  /** Headers of requests that are written down as they came, such as "x-forwarded-for", in full privacy only. Default none. */
  readonly headers?: readonly string[] | undefined;
}

/** Headers that hold credentials. */
const SECRET_HEADERS: readonly string[] = ["authorization", "cookie", "proxy-authorization", "x-api-key"];

/** RFC 9110, 5.6.2: what a name of a header is made of. */
const HEADER_NAME: Shape = {
  expected: `the name of a header, such as "x-forwarded-for"`,
  fits: (value) => typeof value === "string" && /^[\w!#$%&'*+.^`|~-]+$/.test(value),
};
const SHAPES: Shapes<HttpAuditOptions> = { sample: SAMPLE, headers: listOf(HEADER_NAME) };

/** Throws for headers that may not be written down. */
function compileHeaders(headers: readonly string[]): readonly string[] {
  const names = headers.map((name) => name.toLowerCase());
  const secret = names.find((name) => SECRET_HEADERS.includes(name));
  if (secret === undefined) return names;
  throw new WherefromError(
    "ERR_WHEREFROM_INVALID_OPTION",
    `auditHttp headers names ${JSON.stringify(secret)}, which holds a secret: an audit must not`,
  );
}

function capture(request: IncomingMessage, names: readonly string[]): Readonly<Record<string, string>> | undefined {
  if (names.length === 0) return undefined;
  const found = names.flatMap((name) => {
    const value = request.headers[name];
    return value === undefined ? [] : [[name, String(value)] as const];
  });
  return found.length === 0 ? undefined : Object.fromEntries(found);
}

/**
 * From now on every request of every node:http and https server in this process that has a policy (a middleware's or `wherefrom(server, policy)`'s) becomes an event
 * when it ends: when its response is finished, when its connection ends before that, or when an upgrade or CONNECT of a wrapped server was answered; `request.ending` says which. A connection that their PROXY protocol gate refuses becomes `client.rejected`. The answer ends it. While the events have no subscribers, node:http is not subscribed to either.
 */
export function auditHttp(options: HttpAuditOptions = {}): () => void {
  checkOptions<HttpAuditOptions>("auditHttp", options, SHAPES);
  const { sample, headers = [] } = options;
  const isChosen = compileSample(sample);
  const captured = compileHeaders(headers);
  const endRequests = whileClientsAreHeard(() =>
    watchVisits((visit) => {
      const resolution = knownResolution(visit.request);
      if (resolution !== undefined) tell(visit, resolution, isChosen(), captured);
    }),
  );
  const endRefusals = auditRefusals((server) => server instanceof HttpServer || server instanceof HttpsServer);
  return () => {
    endRequests();
    endRefusals();
  };
}

function tell(
  { request, response, local, ending, status }: HttpVisit,
  resolution: Resolution,
  isChosen: boolean,
  captured: readonly string[],
): void {
  const { method, url = "", httpVersion } = request;
  const event = {
    time: new Date(),
    resolution,
    // The proof is made for those that have no address of their own only.
    transport: local === undefined && resolution.hops[0]?.format === "unix" ? "unix" : "tcp",
    local,
    request: {
      method,
      path: pathOf((request as { originalUrl?: string }).originalUrl ?? url),
      status,
      ending,
      userAgent: request.headers["user-agent"],
      httpVersion,
      bytes: response === undefined || ending !== undefined ? undefined : lengthOf(response),
      headers: capture(request, captured),
    },
    outcome: ending === "unanswered" || (status ?? 0) >= 400 ? "failure" : "success",
  } as const;
  if (isHeard("client.rejected")) {
    const reason = rejectionOf(resolution);
    if (reason !== undefined) publish({ name: "client.rejected", ...event, reason });
  }
  if (isChosen && isHeard("client.resolved")) publish({ name: "client.resolved", ...event });
}

/** Without the query. */
function pathOf(url: string): string {
  const end = url.indexOf("?");
  return end < 0 ? url : url.slice(0, end);
}

function lengthOf(response: ServerResponse): number | undefined {
  const length = Number(response.getHeader("content-length"));
  return Number.isInteger(length) ? length : undefined;
}
