import type { Connection, Policy, Resolution } from "@wherefrom/core";

/** On a socket: what is known of the connection. Registered symbols, so that two copies of this package meet. */
export const CONNECTION: unique symbol = Symbol.for("wherefrom.connection");
/** On a server or socket: the policy in force. */
export const POLICY: unique symbol = Symbol.for("wherefrom.policy");
/** On a request, or on a socket: the Resolution, made once. It knows its policy. */
export const RESOLUTION: unique symbol = Symbol.for("wherefrom.resolution");

/** What wherefrom keeps on objects of others. */
export interface Kept {
  [CONNECTION]?: Connection;
  [POLICY]?: Policy;
  [RESOLUTION]?: Resolution;
}

/** The Resolution that stands on `source` already: nothing is resolved, and no policy is needed. */
export function keptResolution(source: object): Resolution | undefined {
  return (source as Kept)[RESOLUTION];
}
