import { channel } from "node:diagnostics_channel";
import type { Server } from "node:net";
import type { Connection } from "@wherefrom/core";
import type { ProxyFault } from "@wherefrom/core/wire";

/**
 * Why a connection was closed before anybody saw it. The parser's own reasons, and: "untrusted-peer", which no rule lets speak for others; "timeout",
 * "ended" and "reset" before the header was whole, or the peer's address could be read.
 */
export type RefusalReason = ProxyFault | "untrusted-peer" | "timeout" | "ended" | "reset";

/** What is published on the diagnostics channel `REFUSED_CHANNEL`. */
export interface Refusal {
  readonly server: Server;
  readonly connection: Connection;
  readonly method: "proxy-protocol";
  readonly reason: RefusalReason;
}

/** The name of the diagnostics channel (node:diagnostics_channel) that tells of every refused connection. */
export const REFUSED_CHANNEL = "wherefrom:connection-refused";

const refusals = channel(REFUSED_CHANNEL);

/** Without a subscriber nothing is made. A subscriber's error is Node's to report, and stops nothing here. */
export function publishRefusal(server: Server, connection: Connection, reason: RefusalReason): void {
  if (!refusals.hasSubscribers) return;
  const refusal: Refusal = { server, connection, method: "proxy-protocol", reason };
  refusals.publish(refusal);
}
