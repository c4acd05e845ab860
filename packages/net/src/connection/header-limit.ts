import type { Server } from "node:net";
import { innerRequest } from "./askable.ts";
import { type Kept, LINE_LIMIT } from "./kept.ts";
import { originalOf } from "./original.ts";
import { keptPolicy } from "./policy-of.ts";
import { socketOf } from "./session-sockets.ts";
import type { RequestLike, SocketLike } from "./source.ts";

/** Header lines that node:http keeps of a request where `server.maxHeadersCount` is null, its default. */
const NODE_LINE_LIMIT = 1000;

/** What is looked at of node:http's server, of its socket, and of the parser that it puts there until the connection is closed or upgraded. */
interface LimitedServer {
  readonly maxHeadersCount?: number | null | undefined;
}
interface ParsedSocket {
  readonly parser?: { readonly maxHeaderPairs?: number } | null | undefined;
  readonly server?: LimitedServer | null | undefined;
}

/**
 * Keeps on the socket which limit its HTTP parser is given in this tick: `server.maxHeadersCount` may be another one when a request is asked about, and an upgrade
 * takes the parser away. node:http looks at numbers alone; without one here, its default is meant.
 */
export function noteLineLimit(server: Server, socket: SocketLike): void {
  const { maxHeadersCount } = server as LimitedServer;
  if (typeof maxHeadersCount === "number") (socket as Kept)[LINE_LIMIT] = maxHeadersCount;
}

/**
 * The number of lines after which node:http left out what followed, where the request has so many; undefined where nothing can be missing. node:http says nothing of
 * it: the lines are neither in `headers` nor in `rawHeaders`. Of a request with exactly so many lines nothing may be missing, and nothing can tell.
 *
 * `wherefrom(server, policy)` does not lift the limit of a server, although the bytes of a request would still be bound by `maxHeaderSize`: the count is the application's own
 * setting, whose `request.headers` depend on it, and a client that is absent is a safe answer.
 *
 * node:http2 keeps all lines, and closes a stream that has more than `maxHeaderListPairs`.
 */
export function headersCutAt(request: RequestLike): number | undefined {
  // A framework's request may have headers of its own, which were made of those that node:http kept.
  const { rawHeaders } = originalOf(request.rawHeaders === undefined ? (innerRequest(request) ?? request) : request);
  return rawHeaders === undefined ? undefined : linesCutAt(rawHeaders, socketOf(request));
}

/** The same of lines that came over `socket`. */
export function linesCutAt(rawHeaders: readonly string[], socket: SocketLike): number | undefined {
  if (isHttp2(rawHeaders)) return undefined;
  const limit = limitOf(socket);
  return limit !== undefined && limit > 0 && rawHeaders.length >= limit * 2 ? limit : undefined;
}

/**
 * Whether pseudo-header fields stand before the others (RFC 9113, 8.3); a field name of HTTP/1 has no colon. The version that the request itself writes tells nothing: node:http
 * takes "GET / HTTP/2.0" from any client of HTTP/1.
 */
function isHttp2(rawHeaders: readonly string[]): boolean {
  return rawHeaders[0]?.startsWith(":") === true;
}

/** 0 and less are no limit. Undefined for a socket that no server of Node's has accepted: what came over it was parsed by others. */
function limitOf(socket: SocketLike & ParsedSocket & Kept): number | undefined {
  const pairs = socket.parser?.maxHeaderPairs;
  // The parser counts names and values.
  if (pairs !== undefined) return pairs / 2;
  const noted = socket[LINE_LIMIT];
  if (noted !== undefined) return asParsed(noted);
  if (keptPolicy(socket) !== undefined) return NODE_LINE_LIMIT;
  const { server } = socket;
  if (server === undefined || server === null) return undefined;
  return typeof server.maxHeadersCount === "number" ? asParsed(server.maxHeadersCount) : NODE_LINE_LIMIT;
}

/** The number that the parser makes of it: a whole one of 32 bits, doubled. */
function asParsed(count: number): number {
  return (count << 1) / 2;
}
