import { ORIGIN_HEADERS } from "./carrier.ts";
import { type Headers, headerText } from "./evidence.ts";

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

/**
 * Protocol, host and port at the same hop as the address. `speakers` machines were believed; each appended an element on the right, so the
 * one that stands `speakers` from the right is the farthest believed machine's. A shorter list was replaced on the way: its first element is
 * the farthest one that a believed machine wrote. Nothing is read where no machine was believed (CVE-2026-3635).
 */
export function readOrigin(headers: Headers, speakers: number): Origin {
  if (speakers === 0) return NO_ORIGIN;
  const [protocol, host, port] = ORIGIN_HEADERS.map((name) => elementFromRight(headerText(headers[name]), speakers));
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
