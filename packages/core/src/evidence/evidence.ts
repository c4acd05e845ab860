import type { ConnectionClaim } from "./claim.ts";
import type { PeerMemory } from "./peer-memory.ts";

/**
 * How the peer reached us. "unix": the handle is a pipe, there is no address. "unverified": a kernel module replaced the
 * transport peer's address by a claim of its own, and nothing else could tell it. An IP socket without an address is "tcp" with `peer` undefined.
 */
export type Transport = "tcp" | "udp" | "unix" | "unverified";

/** A TLS client certificate, as far as a rule's `with` asks for it. */
export interface ClientCertificate {
  /** Whether it chains to an authority that this server accepts. */
  readonly authorized: boolean;
  /** SHA-256 fingerprint, upper-case hex with colons, as node:tls writes it. */
  readonly fingerprint256: string;
}

/** What is known of a connection (or datagram) before any request on it: kept from its first moment, because a peer read late is undefined. */
export interface Connection {
  readonly transport: Transport;
  /** The physical peer as the kernel writes it, before any override; undefined when the socket was gone already. */
  readonly peer: string | undefined;
  readonly peerPort: number | undefined;
  /** Nearest first: each was made by the machine that the one before it names, the first by the peer. */
  readonly claims: readonly ConnectionClaim[];
  readonly certificate?: ClientCertificate | undefined;
  /** Where a kept connection remembers under which rule its peer falls; see `PeerMemory`. */
  readonly memory?: PeerMemory | undefined;
}

/** Header fields by lower-case name, as node:http gives them: lines of one name joined by a comma, or an array of lines. */
export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Everything that `resolve` may look at. Without `headers` no header carrier is read: the connection has no request yet. */
export interface Evidence {
  readonly connection: Connection;
  readonly headers?: Headers | undefined;
  /** Names and values in turn, as node:http gives them: where the lines of one field must be read apart (Forwarded, Host, and fields of which node:http keeps one line). */
  readonly rawHeaders?: readonly string[] | undefined;
  /**
   * Set exactly where lines of the headers may have been left out: how many lines were kept (node:http's `server.maxHeadersCount`). Then nothing that depends on
   * a header is proven: whichever line was left out could be the proxy's.
   */
  readonly headersCutAt?: number | undefined;
  /** The request's target as it was received (RFC 9112, 3.2): an absolute one names the host. */
  readonly target?: string | undefined;
}

/**
 * Fields of which node:http or node:http2 keep the first line and silently drop the others (lib/_http_incoming.js, `matchKnownFields`; lib/internal/http2/util.js,
 * `kSingleValueHeaders`). The first line may be the client's, where a proxy appended its own.
 */
const FIRST_LINE_HEADERS: ReadonlySet<string> = new Set([
  "access-control-allow-credentials",
  "access-control-max-age",
  "access-control-request-method",
  "age",
  "authorization",
  "content-encoding",
  "content-language",
  "content-length",
  "content-location",
  "content-md5",
  "content-range",
  "content-type",
  "date",
  "dnt",
  "etag",
  "expires",
  "from",
  "host",
  "if-match",
  "if-modified-since",
  "if-none-match",
  "if-range",
  "if-unmodified-since",
  "last-modified",
  "location",
  "max-forwards",
  "proxy-authorization",
  "range",
  "referer",
  "retry-after",
  "server",
  "tk",
  "upgrade-insecure-requests",
  "user-agent",
  "x-content-type-options",
]);

/** Whether `headers` holds one line of this field where several were sent. */
export function isFirstLineHeader(name: string): boolean {
  return FIRST_LINE_HEADERS.has(name);
}

/** The text of a field; where `headers` may hold only its first line (`isFirstLineHeader`), that of all its lines. */
export function fieldText(
  name: string,
  isFirstLine: boolean,
  headers: Headers,
  rawHeaders: readonly string[] | undefined,
): string | undefined {
  return isFirstLine ? separateLines(name, headers, rawHeaders) : headerText(headers[name]);
}

/** All lines of such a field, joined by commas, as other fields are. */
function separateLines(name: string, headers: Headers, rawHeaders: readonly string[] | undefined): string | undefined {
  const lines = rawHeaders === undefined ? [] : linesOf(name, rawHeaders);
  return lines.length > 1 ? lines.join(", ") : headerText(headers[name]);
}

/** The values of the lines of one field, in their order. */
export function linesOf(name: string, rawHeaders: readonly string[]): string[] {
  const lines: string[] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const written = rawHeaders[index] as string;
    if (written.length === name.length && written.toLowerCase() === name) lines.push(rawHeaders[index + 1] as string);
  }
  return lines;
}

/** Lines of one name are one list (RFC 9110, 5.3). */
export function headerText(value: string | readonly string[] | undefined): string | undefined {
  if (typeof value === "string") return value;
  // What an object inherits under a header's name ("constructor") is no header.
  return Array.isArray(value) ? value.join(",") : undefined;
}

/**
 * The lines of a field with a line feed between them, where they can be told apart: a quoted string that one line leaves open
 * must not go on in the next. Without quotes, or without the lines, the joined text says the same.
 */
export function fieldLines(
  name: string,
  value: string | readonly string[] | undefined,
  rawHeaders: readonly string[] | undefined,
): string | undefined {
  if (typeof value !== "string") return Array.isArray(value) ? value.join("\n") : undefined;
  if (rawHeaders === undefined || !value.includes('"')) return value;
  const lines = linesOf(name, rawHeaders);
  return lines.length > 1 ? lines.join("\n") : value;
}
