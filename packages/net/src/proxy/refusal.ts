import { channel } from "node:diagnostics_channel";
import type { Server } from "node:net";
import { type Connection, type Policy, type Resolution, resolve } from "@wherefrom/core";
import { escapeBytes } from "../connection/notice.ts";
import type { StreamPrefixFault, StreamPrefixMethod } from "@wherefrom/core/internal";

/**
 * Why a connection was closed before its server saw it. The format's own reasons, and: "untrusted-peer", which no rule lets speak for others; "timeout",
 * "ended" and "reset" before the header was whole, or the peer's address could be read.
 */
export type RefusalReason = StreamPrefixFault | "untrusted-peer" | "timeout" | "ended" | "reset";

/** What is published on the diagnostics channel `REFUSED_CHANNEL`. */
export interface Refusal {
  /** The server that refused. */
  readonly server: Server;
  /** What is known of the connection. */
  readonly connection: Connection;
  /** What the policy that refused makes of the connection without the header. */
  readonly resolution: Resolution;
  /** What was to be read. */
  readonly method: StreamPrefixMethod;
  /** Why. */
  readonly reason: RefusalReason;
  /** The first bytes that came, 16 at most: printable ASCII as it is, the others as `\xHH`. Empty where none were read. */
  readonly raw: string;
}

/** The name of the diagnostics channel (node:diagnostics_channel) that tells of every refused connection. */
export const REFUSED_CHANNEL = "wherefrom:connection-refused";

const refusals = channel(REFUSED_CHANNEL);

/** Without a subscriber nothing is made. A subscriber's error is Node's to report, and stops nothing here. */
export function publishRefusal(
  server: Server,
  connection: Connection,
  policy: Policy,
  method: StreamPrefixMethod,
  reason: RefusalReason,
  seen: Uint8Array | undefined,
): void {
  if (!refusals.hasSubscribers) return;
  const resolution = resolve({ connection }, policy);
  const refusal: Refusal = {
    server,
    connection,
    resolution,
    method,
    reason,
    raw: seen === undefined ? "" : escapeBytes(seen),
  };
  refusals.publish(refusal);
}
