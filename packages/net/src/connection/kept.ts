import { IncomingMessage } from "node:http";
import type { Server, Socket } from "node:net";
import type { Connection, Policy, PolicySource, Resolution } from "@wherefrom/core";
import type { RequestLike, SocketLike } from "./source.ts";

/** On a socket: what is known of the connection. Registered symbols, so that two copies of this package meet. */
export const CONNECTION: unique symbol = Symbol.for("wherefrom.connection");
/** On a server or socket: the policy in force, or the source that has it. */
export const POLICY: unique symbol = Symbol.for("wherefrom.policy");
/** On a server: who reads more of its connections than the peer. */
export const COLLECTOR: unique symbol = Symbol.for("wherefrom.collector");
/** On a socket: that the collector was here. What the kernel keeps of a SYN can be read once. */
export const COLLECTED: unique symbol = Symbol.for("wherefrom.collected");
/** On a server: who holds its connections until they have said who they are. */
export const GATE: unique symbol = Symbol.for("wherefrom.gate");
/** On a socket: the server whose gate has let it in, and whose policy of then is the connection's own. */
export const ENTERED: unique symbol = Symbol.for("wherefrom.entered");
/** On a socket: how many header lines the server lets a request have, where that is a number of its own. */
export const LINE_LIMIT: unique symbol = Symbol.for("wherefrom.line-limit");
/** On an HTTP/2 stream: the request that it carries. */
export const STREAM_REQUEST: unique symbol = Symbol.for("wherefrom.stream-request");
/** On a request as node:http made it: its Resolution. */
const RESOLUTION: unique symbol = Symbol.for("wherefrom.resolution");
/** On globalThis: the Resolutions of all others, sockets among them. */
const RESOLUTIONS: unique symbol = Symbol.for("wherefrom.resolutions");

/** Learns what machines said of a connection (TOA), in the tick of 'connection', and the peer, where nothing was known of it before. Another copy of this package may have made it. */
interface Collector {
  readonly collect: (socket: SocketLike, known: Connection | undefined) => Connection;
}

/** Holds connections that begin with a header; false where one needs none. */
interface Gate {
  readonly hold: (socket: Socket, enter: (socket: Socket) => void) => boolean;
}

/** What wherefrom keeps on sockets and servers of others. */
export interface Kept {
  [CONNECTION]?: Connection;
  [POLICY]?: Policy | PolicySource;
  [COLLECTOR]?: Collector | undefined;
  [COLLECTED]?: true;
  [GATE]?: Gate | undefined;
  [ENTERED]?: Server;
  [LINE_LIMIT]?: number;
  [STREAM_REQUEST]?: RequestLike;
}

type Table = WeakMap<object, Resolution>;
let table: Table | undefined;

/** One table for all copies of this package. */
function resolutions(): Table {
  return (table ??= (globalThis as { [RESOLUTIONS]?: Table })[RESOLUTIONS] ??= new WeakMap());
}

/**
 * A request as node:http made it, not frozen since. Express gives it another prototype, after which the engine takes microseconds for every property that is
 * added.
 */
function isPlainRequest(source: object): source is { [RESOLUTION]?: Resolution | undefined } {
  return Object.getPrototypeOf(source) === IncomingMessage.prototype && Object.isExtensible(source);
}

/** An HTTP/2 stream, its request, and a framework's copy of that are one. */
export function keyOf(source: object): object {
  const { stream = source } = source as { readonly stream?: Kept };
  return (stream as Kept | null)?.[STREAM_REQUEST] ?? source;
}

/** The Resolution that was made for `source` already, a request or a socket: nothing is resolved, and no policy is needed. */
export function keptResolution(source: object): Resolution | undefined {
  if (isPlainRequest(source)) return source[RESOLUTION];
  // Express may have got the request after another adapter had attached to it.
  return resolutions().get(keyOf(source)) ?? (source as { [RESOLUTION]?: Resolution })[RESOLUTION];
}

/** From here on `source` answers so. A property of a plain request costs a third of an entry in the table; all others stand in the table. */
export function keepResolution(source: object, resolution: Resolution): Resolution {
  if (isPlainRequest(source)) source[RESOLUTION] = resolution;
  else resolutions().set(keyOf(source), resolution);
  return resolution;
}

/** What a socket answered does not hold any more. */
export function forgetResolution(socket: object): void {
  resolutions().delete(socket);
}
