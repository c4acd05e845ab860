import type { Carrier } from "./carrier.ts";
import type { ConnectionClaim } from "./claim.ts";

/** What a machine said next. With `CLAIM` the address is in `found`, and `reader` tells where it stood. */
export const CLAIM = 0;
/** It said nothing more: no header, an empty one, or a list that is used up. */
export const SILENT = 1;
/** It says something about every connection, and this connection has nothing of it. */
export const LOST = 2;
/** It says a header, and there is no request yet. */
export const UNASKED = 3;
export const MALFORMED = 4;
export const ANONYMOUS = 5;
export const CONFLICT = 6;
export const SELF = 7;
export const TOO_MANY = 8;
export type Reading =
  | typeof CLAIM
  | typeof SILENT
  | typeof LOST
  | typeof UNASKED
  | typeof MALFORMED
  | typeof ANONYMOUS
  | typeof CONFLICT
  | typeof SELF
  | typeof TOO_MANY;

/**
 * How far one walk has read, and the claim that it read last: `text`, in which `element` of wire/x-forwarded-for.ts is the span; it came from `claim`,
 * or else from `carrier`. One object for all walks: a walk is synchronous and runs no foreign code, and `startReading` forgets the last one.
 */
export const reader: {
  text: string;
  claim: ConnectionClaim | undefined;
  carrier: Carrier | undefined;
  /** Connection claims taken or passed over, and the methods that rules have heard so far. */
  taken: number;
  heard: number;
  /** Whether a machine was asked for a header: the walk has left the connection. */
  asked: boolean;
  rawHeaders: readonly string[] | undefined;
} = { text: "", claim: undefined, carrier: undefined, taken: 0, heard: 0, asked: false, rawHeaders: undefined };
