import type { Socket } from "node:net";
import type { Connection, Policy, Resolution } from "@wherefrom/core";
import type { SocketLike } from "./source.ts";

/** On a socket: what is known of the connection. Registered symbols, so that two copies of this package meet. */
export const CONNECTION: unique symbol = Symbol.for("wherefrom.connection");
/** On a server or socket: the policy in force. */
export const POLICY: unique symbol = Symbol.for("wherefrom.policy");
/** On a server: who reads more of its connections than the peer. */
export const COLLECTOR: unique symbol = Symbol.for("wherefrom.collector");
/** On a socket: that the collector was here. What the kernel keeps of a SYN can be read once. */
export const COLLECTED: unique symbol = Symbol.for("wherefrom.collected");
/** On a server: who holds its connections until they have said who they are. */
export const GATE: unique symbol = Symbol.for("wherefrom.gate");
/** On globalThis: the Resolutions of requests and sockets, one table for all copies of this package. */
const RESOLUTIONS: unique symbol = Symbol.for("wherefrom.resolutions");

/** Learns what machines said of a connection (TOA), in the tick of 'connection'. Another copy of this package may have made it. */
interface Collector {
  readonly collect: (socket: SocketLike, connection: Connection) => Connection;
}

/** Holds connections that begin with a header; false where one needs none. */
interface Gate {
  readonly hold: (socket: Socket, enter: (socket: Socket) => void) => boolean;
}

/** What wherefrom keeps on sockets and servers of others. */
export interface Kept {
  [CONNECTION]?: Connection;
  [POLICY]?: Policy;
  [COLLECTOR]?: Collector | undefined;
  [COLLECTED]?: true;
  [GATE]?: Gate | undefined;
}

type Table = WeakMap<object, Resolution>;
let table: Table | undefined;

/**
 * Resolutions stand in a table beside the requests, not on them: Express gives each request another prototype, after which the engine takes
 * microseconds for every property that is added.
 */
function resolutions(): Table {
  return (table ??= (globalThis as { [RESOLUTIONS]?: Table })[RESOLUTIONS] ??= new WeakMap());
}

/** The Resolution that was made for `source` already, a request or a socket: nothing is resolved, and no policy is needed. */
export function keptResolution(source: object): Resolution | undefined {
  return resolutions().get(source);
}

/** From here on `source` answers so. */
export function keepResolution(source: object, resolution: Resolution): Resolution {
  resolutions().set(source, resolution);
  return resolution;
}

/** What `source` answered does not hold any more. */
export function forgetResolution(source: object): void {
  resolutions().delete(source);
}
