import { maxHeaderSize as nodeMaxHeaderSize } from "node:http";
import type { Server } from "node:net";
import { type Policy, type PolicyOptions, policyText, type PolicySource } from "@wherefrom/core";
import { isPolicySource } from "@wherefrom/core/internal";
import { proxyStatus, toaStatus } from "@wherefrom/net";
import { wrappedOptions } from "@wherefrom/net/internal";
import type { ServerDescription } from "../protocol/answer.ts";

/** What is looked at of node:http's server. */
interface HttpServer extends Server {
  readonly maxHeadersCount?: number | null;
  readonly maxHeaderSize?: number;
}

/** A server under a policy, as JSON can say it. A policy of more than `limitBytes` is only measured. */
export function describeServer(
  server: HttpServer | undefined,
  policy: Policy | PolicySource | undefined,
  limitBytes: number,
): ServerDescription {
  const { proxyProtocol, toa } = server === undefined ? {} : (wrappedOptions(server) ?? {});
  const count = server?.maxHeadersCount;
  const proxy = server === undefined ? undefined : proxyStatus(server);
  const reader = server === undefined ? undefined : toaStatus(server);
  const listening = listeningOf(server);
  return {
    ...describePolicy(policy, limitBytes),
    options: {
      ...(proxyProtocol !== undefined && { proxyProtocol }),
      ...(toa !== undefined && { toa }),
    },
    ...(typeof count === "number" && { maxHeadersCount: count }),
    maxHeaderSize: server?.maxHeaderSize ?? nodeMaxHeaderSize,
    ...(listening !== undefined && { listening }),
    isTls: server !== undefined && "setSecureContext" in server,
    ...(proxy !== undefined && { proxy }),
    ...(reader !== undefined && { toa: reader }),
  };
}

function describePolicy(
  policy: Policy | PolicySource | undefined,
  limitBytes: number,
): Pick<ServerDescription, "policy" | "policyBytes" | "isFollowed"> {
  if (policy === undefined) return {};
  const isFollowed = isPolicySource(policy);
  try {
    const options = JSON.parse(policyText(policy)) as PolicyOptions;
    const bytes = Buffer.byteLength(JSON.stringify(options));
    return bytes > limitBytes ? { policyBytes: bytes, isFollowed } : { policy: options, isFollowed };
  } catch {
    // A source that has no policy yet, or a policy of another copy of core.
    return { isFollowed };
  }
}

function listeningOf(server: Server | undefined): ServerDescription["listening"] {
  const address = server?.address() ?? undefined;
  if (address === undefined) return undefined;
  return typeof address === "string" ? { path: address } : { address: address.address, port: address.port };
}
