import { subscribe as subscribeTo, unsubscribe } from "node:diagnostics_channel";
import { type IncomingMessage, Server as HttpServer, type ServerResponse } from "node:http";
import { Server as HttpsServer } from "node:https";
import type { Resolution } from "@wherefrom/core";
import { isHeard, publish, whileHeard } from "./audit-event.ts";
import { knownResolution } from "./neighbours/known-resolution.ts";
import { auditRefusals } from "./refusal-audit.ts";
import { rejectionOf } from "./rejection.ts";
import { compileSample } from "./sample.ts";

/** Published by node:http when a response has been handed over. node:http2 does not publish it. */
const FINISHED = "http.server.response.finish";

export interface HttpAuditOptions {
  /** The part of requests that becomes `client.resolved`, from 0 to 1. What is rejected is always told. Default 1. */
  readonly sample?: number | undefined;
  /** Headers of requests that are written down as they came, such as "x-forwarded-for", in full privacy only. Default none. */
  readonly headers?: readonly string[] | undefined;
}

/** Headers that are keys to somebody's account. */
const SECRET_HEADERS: readonly string[] = ["authorization", "cookie", "proxy-authorization", "x-api-key"];

/** Throws a RangeError for headers that may not be written down. */
function compileHeaders(headers: readonly string[]): readonly string[] {
  const names = headers.map((name) => name.toLowerCase());
  const secret = names.find((name) => SECRET_HEADERS.includes(name));
  if (secret === undefined) return names;
  throw new RangeError(`headers names ${JSON.stringify(secret)}, which holds a secret: an audit must not`);
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
 * when its response is finished, and a connection that their PROXY protocol gate refuses becomes `client.rejected`. The answer ends it. While nobody listens to the events node:http is not listened to either.
 */
export function auditHttp({ sample, headers = [] }: HttpAuditOptions = {}): () => void {
  const isChosen = compileSample(sample);
  const captured = compileHeaders(headers);
  const onFinish = (message: unknown): void => {
    const { request, response } = message as { request: IncomingMessage; response: ServerResponse };
    const resolution = knownResolution(request);
    if (resolution !== undefined) tell(request, response, resolution, isChosen(), captured);
  };
  const endRequests = whileHeard(["client.resolved", "client.rejected"], () => {
    subscribeTo(FINISHED, onFinish);
    return () => void unsubscribe(FINISHED, onFinish);
  });
  const endRefusals = auditRefusals((server) => server instanceof HttpServer || server instanceof HttpsServer);
  return () => {
    endRequests();
    endRefusals();
  };
}

function tell(
  request: IncomingMessage,
  response: ServerResponse,
  resolution: Resolution,
  isChosen: boolean,
  captured: readonly string[],
): void {
  const { socket, method, url = "", httpVersion } = request;
  const { localAddress, localPort } = socket;
  const local =
    localAddress === undefined || localPort === undefined ? undefined : { address: localAddress, port: localPort };
  const event = {
    time: new Date(),
    resolution,
    // The proof is made for those that have no address of their own only.
    transport: local === undefined && resolution.hops[0]?.format === "unix" ? "unix" : "tcp",
    local,
    request: {
      method,
      path: pathOf((request as { originalUrl?: string }).originalUrl ?? url),
      status: response.statusCode,
      userAgent: request.headers["user-agent"],
      httpVersion,
      bytes: lengthOf(response),
      headers: capture(request, captured),
    },
    outcome: response.statusCode < 400 ? "success" : "failure",
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
