import type { HeaderLine, Sighting } from "./sighting.ts";

/**
 * What a probe finds out. "plain": nothing is made up. "kept": the same over a kept connection. "header": one made-up header. "all-headers": each known header with an
 * address of its own. "list", "lines": X-Forwarded-For with two elements, or on two lines. "unknown": the value `unknown`. "origin": made-up protocol, host and port. "look-alikes":
 * names with underscores. "many-lines": a made-up header before many lines. "strip": `Connection` names all headers. "proxy-v1", "proxy-v2": a PROXY header before the request.
 */
export type Purpose =
  | "plain"
  | "kept"
  | "header"
  | "all-headers"
  | "list"
  | "lines"
  | "unknown"
  | "origin"
  | "look-alikes"
  | "many-lines"
  | "strip"
  | "proxy-v1"
  | "proxy-v2";

/** The ends of the socket over which a probe went. Addresses are canonical. */
export interface OwnSocket {
  readonly address: string;
  readonly port: number;
  /** The address that was connected to. */
  readonly remote: string;
}

/** Why the service's handler did not answer. */
export interface Failure {
  /** Status of the answer of a machine or an application that was not the handler; undefined where there was no HTTP answer. */
  readonly status: number | undefined;
  /** A Node error code, "TIMEOUT", or "not-the-handler". */
  readonly error: string;
  /** Whether the answer was the bare 400 of Node's own parser. */
  readonly isBare: boolean;
}

/** One request that this command sent, and what came of it. */
export interface Probe {
  readonly purpose: Purpose;
  /** The header of "header" in lower case, the number of the connection of "kept". */
  readonly subject?: string | undefined;
  /** "public": by the URL. "direct": to the service's own port, which `--direct` named. */
  readonly route: "public" | "direct";
  readonly http: "1.1" | "2";
  /** The lines that were made up. */
  readonly sent: readonly HeaderLine[];
  readonly socket: OwnSocket | undefined;
  /** What the service saw; undefined where `failure` is set. */
  readonly sighting: Sighting | undefined;
  readonly failure: Failure | undefined;
}

/** A probe that the handler answered. */
export type Answered = Probe & { readonly sighting: Sighting; readonly socket: OwnSocket };

export function isAnswered(probe: Probe): probe is Answered {
  return probe.sighting !== undefined && probe.socket !== undefined;
}

/** Whether nothing in it was made up: what an honest client sends. */
export function isHonest({ purpose }: Probe): boolean {
  return purpose === "plain" || purpose === "kept";
}

/** Whether bytes stood before the request. */
export function isPrefixed({ purpose }: Probe): boolean {
  return purpose === "proxy-v1" || purpose === "proxy-v2";
}

/** What was made up, in words: "a made-up X-Forwarded-For". */
export function describeProbe({ purpose, subject, http }: Probe): string {
  const over = http === "2" ? " over HTTP/2" : "";
  if (purpose === "header") return `a made-up ${subject}${over}`;
  return `${PHRASES[purpose]}${over}`;
}

const PHRASES: Readonly<Record<Exclude<Purpose, "header">, string>> = {
  plain: "a plain request",
  kept: "a plain request on a kept connection",
  "all-headers": "all known headers made up at once",
  list: "an X-Forwarded-For with two made-up elements",
  lines: "two made-up lines of X-Forwarded-For",
  unknown: `an X-Forwarded-For of "unknown"`,
  origin: "made-up X-Forwarded-Proto, -Host and -Port",
  "look-alikes": "names with underscores",
  "many-lines": "many header lines behind a made-up X-Forwarded-For",
  strip: "a Connection header that names all known headers",
  "proxy-v1": "a made-up PROXY v1 header",
  "proxy-v2": "a made-up PROXY v2 header",
};

/** What the service's local socket tells of connections that never became a request. */
export interface Incident {
  /** "proxy-refused": its PROXY header was refused, or missing. "proxy-unread": a PROXY header reached the HTTP parser. "tls-unread": TLS came to a port without. "tls-missing": no TLS came to a port with. */
  readonly kind: "proxy-refused" | "proxy-unread" | "tls-unread" | "tls-missing";
  /** Why a PROXY header was refused: a word of net's closed set. */
  readonly reason: string | undefined;
  /** Of a PROXY header that was not read. */
  readonly version: number | undefined;
  /** Canonical address of the peer, or the transport. */
  readonly peer: string;
}

/** An answer of a machine that wants no more of these requests. */
export interface Refusal {
  readonly status: number;
  readonly probe: Probe;
}

/** All that one run over one URL path learned. */
export interface Evidence {
  /** In the order in which they were sent. */
  readonly probes: readonly Probe[];
  /** Addresses that were made up, each with the header that it stood in, or another label. */
  readonly nonces: ReadonlyMap<string, string>;
  /** The headers that were made up, in lower case. */
  readonly carriers: readonly string[];
  /** The caller's own address as the operator named it (`--me`), canonical. */
  readonly me: string | undefined;
  /** From the local socket; undefined where it was not asked. Where no plain request was answered they are older than the PROXY headers of our own. */
  readonly incidents: readonly Incident[] | undefined;
  /** Set where the edge refused a probe, after which none was sent. */
  readonly refusal: Refusal | undefined;
  /** How far the service's clock is off, in milliseconds, as answers of other machines say, where it is too far for proofs. */
  readonly skewMs: number | undefined;
  /** Where an answer redirected to. */
  readonly location: string | undefined;
}
