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

/** Everything that `resolve` may look at. Without `headers` no header carrier is read: nobody has asked anything yet. */
export interface Evidence {
  readonly connection: Connection;
  readonly headers?: Headers | undefined;
  /** Names and values in turn, as node:http gives them: where the lines of one field must be read apart (Forwarded). */
  readonly rawHeaders?: readonly string[] | undefined;
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
  const lines: string[] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    if ((rawHeaders[index] as string).toLowerCase() === name) lines.push(rawHeaders[index + 1] as string);
  }
  return lines.length > 1 ? lines.join("\n") : value;
}
