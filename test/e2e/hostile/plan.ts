import type { Endpoint } from "@wherefrom/core";
import type { ClientRequest } from "./request.ts";
import type { Machine, Site } from "./site.ts";

/** How the client came to the service. */
export type Way =
  /** Through every machine of the site. */
  | "full"
  /** Round the outer machines. */
  | "round"
  /** Through a proxy that the operator does not know. */
  | "stranger"
  /** Through the edge of another customer of the CDN. */
  | "other-edge"
  /** The farthest machine asks for itself. */
  | "own-request";

/** One request, with everything that is true of it. */
export interface Visit {
  readonly way: Way;
  /** The machines that the request passes, nearest first. */
  readonly path: readonly Machine[];
  readonly client: Endpoint;
  readonly request: ClientRequest;
  /** Names of what the attacker did. */
  readonly attacks: readonly string[];
}

/** One connection and the requests on it. Plain data: it can be printed, and made smaller. */
export interface Plan {
  readonly seed: number;
  readonly index: number;
  readonly site: Site;
  readonly visits: readonly Visit[];
  /** node:http's `maxHeadersCount`. */
  readonly maxHeadersCount: number;
  /** Whether the peer is written as an IPv4-mapped address. */
  readonly isMapped: boolean;
  /** Something that the machine running the service does, beside the client. */
  readonly oddity:
    | "none"
    | "no-peer"
    | "unverified"
    | "re-entrant"
    | "memory-of-another"
    | "two-policies"
    | "not-asked";
}
