import { rateLimitKey, type Resolution } from "@wherefrom/core";
import type { AuditUser } from "../event/event.ts";
import type { Locate, Place } from "../event/place.ts";
import { userKey } from "./distinct.ts";
import type { NetworkKind, NetworkLookup } from "./networks.ts";

/** One login, or an attempt. */
export interface LoginAttempt {
  /** Who logs in. */
  readonly user: AuditUser;
  /** Where from: what `getClient(request)` answers. */
  readonly resolution: Resolution;
  /** Whether the user was let in. */
  readonly success: boolean;
  /** Default "tcp". */
  readonly transport?: "tcp" | "udp" | "unix" | undefined;
  /** The User-Agent header: a device that the user had before makes a new place less suspicious, a new one more. */
  readonly userAgent?: string | undefined;
  /** Identifiers of the request and of its trace, as the service's other logs have them. */
  readonly requestId?: string | undefined;
  readonly traceId?: string | undefined;
  /** Why it failed, a word of the service's own: "wrong-password", "unknown-user", "locked". */
  readonly failure?: string | undefined;
  /** What came of a second factor, where there was one: "passed", "failed", "none". */
  readonly mfa?: string | undefined;
}

/** Where an attempt's place and time come from. */
export interface LoginSources {
  readonly locate: Locate;
  readonly networks: NetworkLookup;
  readonly now: () => number;
  /** Is told once of a `locate` that throws. */
  readonly onFault: (fault: string) => void;
}

/** An attempt with its place, its time, and the keys that it is counted by. */
export interface LocatedLogin extends LoginAttempt {
  readonly time: number;
  readonly place: Place | undefined;
  readonly kind: NetworkKind | undefined;
  /** The user's name, a long one as its hash. */
  readonly id: string;
  /** The client's address (a /64 of IPv6) and network (a /24, a /48); undefined where no client is proven. */
  readonly source: string | undefined;
  readonly network: string | undefined;
}

/** Farthest from 1970 that a Date can be, in milliseconds (ECMA-262, 21.4.1.1). */
const TIME_LIMIT = 8.64e15;

/** Never throws: a login goes on without its place. */
export function locateLogin(attempt: LoginAttempt, { now, locate, networks, onFault }: LoginSources): LocatedLogin {
  const told = now();
  const client = attempt.resolution.client?.address;
  let place: Place | undefined;
  try {
    place = client === undefined ? undefined : locate(client);
  } catch (error) {
    onFault(`locate throws (${String(error)}): logins have no place`);
  }
  const source = client === undefined ? undefined : rateLimitKey(attempt.resolution);
  const { user, resolution, success, transport, userAgent, requestId, traceId, failure, mfa } = attempt;
  return {
    user,
    resolution,
    success,
    transport,
    userAgent,
    requestId,
    traceId,
    failure,
    mfa,
    time: Number.isFinite(told) && Math.abs(told) <= TIME_LIMIT ? told : Date.now(),
    place,
    kind: client === undefined ? undefined : networks(client, place),
    id: userKey(attempt.user?.id),
    source,
    network: source === undefined ? undefined : networkOf(source, attempt.resolution),
  };
}

function networkOf(source: string, resolution: Resolution): string {
  if (source.includes(":")) return rateLimitKey(resolution, { ipv6PrefixLength: 48 });
  return `${source.slice(0, source.lastIndexOf("."))}.0/24`;
}
