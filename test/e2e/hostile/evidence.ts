import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { type Connection, type Evidence, type Headers } from "@wherefrom/core";
import { claimsOf } from "./claims.ts";
import type { Plan, Visit } from "./plan.ts";
import { type Line, plainValue } from "./request.ts";
import type { Arrival } from "./travel.ts";
import { FINGERPRINT } from "./site.ts";

/** What the collectors of net and dgram would know of this connection. */
export function connectionOf(plan: Plan, visit: Visit, arrival: Arrival): Connection {
  const { site, oddity, isMapped } = plan;
  const nearest = visit.path[0] ?? visit.client;
  const isNameless = site.transport === "unix" || oddity === "no-peer";
  const text = isMapped && !nearest.address.includes(":") ? `::ffff:${nearest.address}` : nearest.address;
  const shows = visit.path[0]?.showsCertificate === true;
  return {
    transport: oddity === "unverified" ? "unverified" : site.transport,
    peer: isNameless ? undefined : text,
    peerPort: isNameless ? undefined : nearest.port,
    claims: claimsOf(plan, visit, arrival),
    ...(site.certificate === undefined ? {} : { certificate: certificateOf(plan, shows) }),
  };
}

function certificateOf({ index, site }: Plan, shows: boolean): Connection["certificate"] {
  if (shows) return { authorized: true, fingerprint256: FINGERPRINT };
  if (index % 2 === 0) return undefined;
  // What a stranger can show: one that nothing vouches for, or another customer's where the fingerprint decides.
  return { authorized: typeof site.certificate === "object", fingerprint256: FINGERPRINT.replaceAll("AB", "CD") };
}

/** node:http hands lines on in blocks of this many, and takes no further block once the limit is reached. */
const BLOCK_LINES = 32;

/** What node:http (or node:http2) makes of the lines that came. */
export function requestEvidence(
  { maxHeadersCount, oddity }: Plan,
  { request }: Visit,
  { lines }: Arrival,
): Omit<Evidence, "connection"> {
  if (oddity === "not-asked") return {};
  if (request.version === "2") return http2Evidence(request.authority, lines);
  const raw: string[] = [];
  for (let at = 0; at < lines.length && (maxHeadersCount === 0 || at < maxHeadersCount); at += BLOCK_LINES) {
    for (const [name, value] of lines.slice(at, at + BLOCK_LINES)) raw.push(name, plainValue(value));
  }
  const limit = maxHeadersCount === 0 ? raw.length : Math.min(raw.length, 2 * maxHeadersCount);
  const isCut = maxHeadersCount > 0 && raw.length / 2 >= maxHeadersCount;
  return {
    headers: headersOf(raw, limit),
    rawHeaders: raw,
    target: request.target,
    ...(isCut ? { headersCutAt: maxHeadersCount } : {}),
  };
}

/** Node's own rules for lines of one name: this is its class. */
function headersOf(raw: string[], limit: number): Headers {
  const message = new IncomingMessage(NO_SOCKET) as IncomingMessage & {
    _addHeaderLines: (raw: string[], count: number) => void;
  };
  message._addHeaderLines(raw, limit);
  return message.headers;
}

const NO_SOCKET = new Socket();

function http2Evidence(authority: string | undefined, lines: readonly Line[]): Omit<Evidence, "connection"> {
  const headers: Record<string, string> = { ":method": "GET", ":path": "/v" };
  if (authority !== undefined) headers[":authority"] = authority;
  const raw = Object.entries(headers).flat();
  for (const [name, text] of lines) {
    const [lower, value] = [name.toLowerCase(), plainValue(text)];
    if (lower === "connection" || lower === "transfer-encoding" || lower === "__proto__") continue;
    raw.push(lower, value);
    const first = Object.hasOwn(headers, lower) ? headers[lower] : undefined;
    if (first === undefined) headers[lower] = value;
    else if (lower !== "host") headers[lower] = `${first}, ${value}`;
  }
  return { headers, rawHeaders: raw, target: "/v" };
}
