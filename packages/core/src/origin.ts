import { ORIGIN_HEADERS } from "./carrier.ts";
import { type Headers, headerText } from "./evidence.ts";
import { HOP_LIMIT, type Policy } from "./policy.ts";
import { forwarded, forwardedParameter, readLastForwarded, SOMEBODY } from "./wire/forwarded.ts";
import { EMPTY, NODE } from "./wire/x-forwarded-for.ts";

/** What the client asked for, as the machine that named the client's address tells it. Undefined where no believed machine said so. */
export interface Origin {
  /** A URI scheme in lower case, such as "https" (X-Forwarded-Proto). */
  readonly protocol: string | undefined;
  /** A host name or bracketed address, with its port if one was written (X-Forwarded-Host). */
  readonly host: string | undefined;
  /** 1 to 65535 (X-Forwarded-Port). */
  readonly port: number | undefined;
}

const NO_ORIGIN: Origin = { protocol: undefined, host: undefined, port: undefined };
/** Longest list that is looked at, in characters. Longer ones are no origin. */
const ORIGIN_LIMIT = 2048;

/** Where the walk took its last address: how many claims of headers were taken on the way, and how many of them were of Forwarded. */
export interface OriginPlace {
  readonly claims: number;
  readonly forwarded: number;
}

/**
 * Protocol, host and port at the same hop as the address: `place` is undefined where no believed machine was asked for a header, and then
 * nothing is read (CVE-2026-3635). A machine that says Forwarded says them there. Elsewhere each machine appended an element on the right, so
 * the one that stands as many places from the right as claims were taken is the farthest believed machine's; a shorter list was replaced on the
 * way, and its first element is the farthest one that a believed machine wrote.
 */
export function readOrigin(headers: Headers, place: OriginPlace | undefined, policy: Policy): Origin {
  if (place === undefined) return NO_ORIGIN;
  if (place.forwarded > 0 || (place.claims === 0 && policy.headers.includes("forwarded"))) {
    return readForwardedOrigin(headerText(headers["forwarded"]) ?? "", Math.max(1, place.forwarded));
  }
  const claims = Math.max(1, place.claims);
  const [protocol, host, port] = ORIGIN_HEADERS;
  return checked(
    elementFromRight(headerText(headers[protocol]), claims),
    elementFromRight(headerText(headers[host]), claims),
    elementFromRight(headerText(headers[port]), claims),
  );
}

function readForwardedOrigin(text: string, place: number): Origin {
  let end = text.length;
  let seen = 0;
  while (end > 0 && seen < place && seen < HOP_LIMIT) {
    end = readLastForwarded(text, end);
    if (forwarded.kind !== EMPTY) seen++;
  }
  if (seen === 0 || (forwarded.kind !== NODE && forwarded.kind !== SOMEBODY)) return NO_ORIGIN;
  const { from, to } = forwarded;
  const [protocol, host] = ["proto", "host"].map((name) => forwardedParameter(text, from, to, name));
  return checked(protocol, host, undefined);
}

/** What is not well-formed was not said. */
function checked(protocol: string | undefined, host: string | undefined, port: string | undefined): Origin {
  if (protocol === undefined && host === undefined && port === undefined) return NO_ORIGIN;
  return {
    protocol: protocol !== undefined && /^[a-z][a-z0-9+.-]{0,15}$/i.test(protocol) ? protocol.toLowerCase() : undefined,
    host: host !== undefined && isHost(host) ? host : undefined,
    port: port !== undefined && /^[1-9][0-9]{0,4}$/.test(port) && Number(port) <= 65535 ? Number(port) : undefined,
  };
}

/** RFC 3986, 3.2.2 and 3.2.3, without percent-encoding: DNS names, and the underscore that real hosts have. */
export function isHost(text: string): boolean {
  return text.length <= 261 && /^(?:[a-z0-9_](?:[a-z0-9._-]*)|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?$/i.test(text);
}

function elementFromRight(list: string | undefined, place: number): string | undefined {
  if (list === undefined || list.length > ORIGIN_LIMIT) return undefined;
  const elements = list.split(",");
  const element = elements[Math.max(0, elements.length - place)];
  return element?.replace(/^[ \t]+|[ \t]+$/g, "");
}
