import { channel } from "node:diagnostics_channel";
import type { Server } from "node:net";
import { type Connection, type Policy, type Resolution, resolve } from "@wherefrom/core";
import type { ProxyFault } from "@wherefrom/core/wire";
import { type Kept, POLICY } from "./kept.ts";

/**
 * Why a connection was closed before anybody saw it. The parser's own reasons, and: "untrusted-peer", which no rule lets speak for others; "timeout",
 * "ended" and "reset" before the header was whole, or the peer's address could be read.
 */
export type RefusalReason = ProxyFault | "untrusted-peer" | "timeout" | "ended" | "reset";

/** What is published on the diagnostics channel `REFUSED_CHANNEL`. */
export interface Refusal {
  readonly server: Server;
  readonly connection: Connection;
  /** What the server's policy makes of the connection without the header that was refused. */
  readonly resolution: Resolution;
  readonly method: "proxy-protocol";
  readonly reason: RefusalReason;
}

/** The name of the diagnostics channel (node:diagnostics_channel) that tells of every refused connection. */
export const REFUSED_CHANNEL = "wherefrom:connection-refused";

const refusals = channel(REFUSED_CHANNEL);

/** Without a subscriber nothing is made. A subscriber's error is Node's to report, and stops nothing here. */
export function publishRefusal(server: Server, connection: Connection, reason: RefusalReason): void {
  if (!refusals.hasSubscribers) return;
  // Whoever refuses has a policy: wherefrom(server, policy, { proxyProtocol }) set both.
  const resolution = resolve({ connection }, (server as Kept)[POLICY] as Policy);
  const refusal: Refusal = { server, connection, resolution, method: "proxy-protocol", reason };
  refusals.publish(refusal);
}
