import { subscribe as subscribeTo, unsubscribe } from "node:diagnostics_channel";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Resolution } from "@wherefrom/core";
import { getClient, keptResolution } from "@wherefrom/net";
import { isHeard, publish } from "./audit-event.ts";
import { rejectionOf } from "./rejection.ts";

/** Published by node:http when a response has been handed over. node:http2 does not publish it. */
const FINISHED = "http.server.response.finish";

export interface HttpAuditOptions {
  /** The part of requests that becomes `client.resolved`, from 0 to 1. What is rejected is always told. Default 1. */
  readonly sample?: number | undefined;
}

/**
 * From now on every request of every node:http and https server in this process that has a policy (a middleware's or `wherefrom(server, policy)`'s) becomes an event
 * when its response is finished. The answer ends it. While nobody listens to the events nothing is made of them.
 */
export function auditHttp({ sample = 1 }: HttpAuditOptions = {}): () => void {
  if (typeof sample !== "number" || !(sample >= 0 && sample <= 1)) {
    throw new RangeError(`sample is a number from 0 to 1, not ${JSON.stringify(sample)}`);
  }
  const onFinish = (message: unknown): void => {
    const { request, response } = message as { request: IncomingMessage; response: ServerResponse };
    if (!isHeard("client.resolved") && !isHeard("client.rejected")) return;
    const resolution = resolutionOf(request);
    if (resolution !== undefined) tell(request, response, resolution, sample);
  };
  subscribeTo(FINISHED, onFinish);
  return () => void unsubscribe(FINISHED, onFinish);
}

/** Undefined for a request that no policy covers: an audit makes no error of somebody's own server. */
function resolutionOf(request: IncomingMessage): Resolution | undefined {
  const kept = keptResolution(request);
  if (kept !== undefined) return kept;
  try {
    return getClient(request);
  } catch {
    return undefined;
  }
}

function tell(request: IncomingMessage, response: ServerResponse, resolution: Resolution, sample: number): void {
  const { socket, method, url = "", httpVersion } = request;
  const { localAddress, localPort } = socket;
  const event = {
    time: new Date(),
    resolution,
    transport: resolution.hops[0]?.format === "unix" ? "unix" : "tcp",
    local:
      localAddress === undefined || localPort === undefined ? undefined : { address: localAddress, port: localPort },
    request: {
      method,
      path: (request as { originalUrl?: string }).originalUrl?.split("?", 1)[0] ?? url.split("?", 1)[0],
      status: response.statusCode,
      userAgent: request.headers["user-agent"],
      httpVersion,
      bytes: lengthOf(response),
    },
    outcome: response.statusCode < 400 ? "success" : "failure",
  } as const;
  if (isHeard("client.rejected")) {
    const reason = rejectionOf(resolution);
    if (reason !== undefined) publish({ name: "client.rejected", ...event, reason });
  }
  if (isHeard("client.resolved") && (sample === 1 || Math.random() < sample))
    publish({ name: "client.resolved", ...event });
}

function lengthOf(response: ServerResponse): number | undefined {
  const length = Number(response.getHeader("content-length"));
  return Number.isInteger(length) ? length : undefined;
}
