import type { IncomingMessage, RequestListener, Server } from "node:http";
import type { Policy } from "@wherefrom/core";

/** What an application reads from a request, in the framework's own words, and what wherefrom says. */
export interface View {
  readonly ip: string | undefined;
  readonly ips: readonly string[] | undefined;
  readonly protocol: string;
  readonly host: string | undefined;
  readonly hostname: string | undefined;
  /** `getClientIp(request)`. */
  readonly client: string | undefined;
  /** `getClient(request).stop`. */
  readonly stop: string;
  /** Who asks, by the framework's own reading of X-Forwarded-For under the trust setting that the adapter gave it. */
  readonly own: string | undefined;
}

/** Answers a request: `read` looks at it when it is called. What comes back is sent as JSON. */
export type Handle = (read: () => View, request: IncomingMessage) => unknown;

/** A framework under test. */
export interface Adapter {
  /** An application that hands every request to `handle`, in a server made by `createServer` that does not listen yet. */
  readonly start: (policy: Policy, handle: Handle, createServer: (listener: RequestListener) => Server) => Server;
  /** Whether the framework's `host` has the port. */
  readonly hostHasPort: boolean;
  /** What the framework says as `ip` where there is none. */
  readonly noIp: "" | undefined;
  /** The framework's `ips` for a path, which is given farthest first and without the peer. */
  readonly ipsOf: (path: readonly string[], peer: string) => readonly string[];
  /** Whether the framework reads X-Forwarded-For by itself, and `View.own` says what it reads. */
  readonly hasOwnReading: boolean;
}

/** Most frameworks say the path as it is given here. */
export const farthestFirst: Adapter["ipsOf"] = (path) => path;
