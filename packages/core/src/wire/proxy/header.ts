import type { ConnectionClaim } from "../../evidence/claim.ts";
import { checkOptions } from "../../options/check.ts";
import { type Shapes, whole } from "../../options/shape.ts";
import { latin1Text } from "../../address/bytes.ts";
import type { DatagramPrefix, PrefixOptions, PrefixReading, StreamPrefix } from "../prefix/format.ts";
import { parseProxyV1, PROXY_V1_LIMIT_BYTES, type ProxyV1Fault } from "./v1.ts";
import {
  beginsProxyV2,
  parseProxyV2,
  PROXY_V2_SIGNATURE,
  proxyV2HeadFault,
  proxyV2Length,
  type ProxyV2Fault,
} from "./v2.ts";
import { PROXY_V2_HEAD_BYTES } from "./v2-claim.ts";

/** Longest header that is read, in bytes, unless told otherwise: two certificates fit; a megabyte of zeros does not. */
export const PROXY_HEADER_LIMIT_BYTES = 4096;

const V1_SIGNATURE: readonly number[] = [0x50, 0x52, 0x4f, 0x58, 0x59, 0x20];
/** "PROXY UNKNOWN" and CRLF. */
const PROXY_V1_SHORTEST_BYTES = 15;
const CR = 13;
const LF = 10;

/** How long a header may be, and how many there are. */
export interface ProxyHeaderOptions extends PrefixOptions {
  /** Longest header, in bytes. Default `PROXY_HEADER_LIMIT_BYTES`. */
  readonly limitBytes?: number | undefined;
  /**
   * Headers in a row that must be there: AWS NLB puts its own before one that its client sent. Not "up to": whether a second one has arrived yet is no
   * reason to read it or not. LOCAL is the last one wherever it stands, because it carries no client. Default 1.
   */
  readonly headers?: number | undefined;
}

/** Why the first bytes are no header: "not-proxy" where they are something else altogether, "no-end" a line longer than 107 bytes, "too-long" beyond the limit. */
export type ProxyFault = ProxyV1Fault | ProxyV2Fault | "not-proxy" | "no-end" | "too-long";

/** What the bytes say so far. Bytes that are no header at all are refused as "not-proxy". */
export type ProxyReading = PrefixReading<ProxyFault>;

type Refused = Extract<ProxyReading, { state: "refused" }>;

const refusals = new Map<ProxyFault, Refused>();

function refused(reason: ProxyFault): Refused {
  let reading = refusals.get(reason);
  if (reading === undefined) refusals.set(reason, (reading = { state: "refused", reason }));
  return reading;
}

const SHAPES: Shapes<ProxyHeaderOptions> = { limitBytes: whole(1), headers: whole(1) };

/** Options that were looked at: it is asked anew for every piece that comes. */
const checked = new WeakSet<ProxyHeaderOptions>();

/**
 * Reads the headers at the beginning of a stream, of which bytes[0, bytes.length) has come so far, and which must not change any more: what a claim of
 * version 2 tells is read from them when it is asked for. To be asked again with more bytes while it answers
 * "more"; it then says no more than `limitBytes` a header are worth keeping. What does not begin like a header is refused at its first wrong byte.
 */
export function readProxyHeaders(bytes: Uint8Array, options?: ProxyHeaderOptions): ProxyReading {
  if (options !== undefined && !checked.has(options)) {
    checkOptions<ProxyHeaderOptions>("readProxyHeaders", options, SHAPES);
    checked.add(options);
  }
  const limitBytes = options?.limitBytes ?? PROXY_HEADER_LIMIT_BYTES;
  const first = readOne(bytes, 0, limitBytes);
  if (typeof first === "string") return refused(first);
  if (first === undefined) return more(bytes, 0);
  const headers = options?.headers ?? 1;
  return headers > 1 && first.says !== "self"
    ? readMore(bytes, first, headers, limitBytes)
    : { state: "header", claims: [first], length: readTo };
}

/** The headers behind the first, which ends at `readTo`. */
function readMore(bytes: Uint8Array, first: ConnectionClaim, headers: number, limitBytes: number): ProxyReading {
  const claims = [first];
  for (let last = first; claims.length < headers && last.says !== "self";) {
    const at = readTo;
    const claim = readOne(bytes, at, limitBytes);
    if (typeof claim === "string") return refused(claim);
    if (claim === undefined) return more(bytes, at);
    claims.push((last = claim));
  }
  return { state: "header", claims, length: readTo };
}

/**
 * Reads the header of version 2 at the beginning of a datagram, which holds all of it (specification, 2.2: "too-short" where it does not). The rest is payload.
 * Never answers "more".
 */
export function readProxyDatagram(bytes: Uint8Array): Exclude<ProxyReading, { state: "more" }> {
  if (bytes.length < PROXY_V2_HEAD_BYTES || !beginsProxyV2(bytes, 0)) return refused("not-proxy");
  const fault = proxyV2HeadFault(bytes, 0);
  if (fault !== undefined) return refused(fault);
  const length = proxyV2Length(bytes, 0);
  if (length > bytes.length) return refused("too-short");
  const claim = parseProxyV2(bytes, 0, length);
  return typeof claim === "string" ? refused(claim) : { state: "header", claims: [claim], length };
}

/** Before the bytes of a connection: version 1 or 2. */
export const PROXY_STREAM: StreamPrefix<ProxyFault> = {
  name: "proxy-protocol",
  noun: "PROXY header",
  method: "proxy-protocol",
  absent: "not-proxy",
  read: readProxyHeaders,
};

/** Before the payload of a datagram: version 2. */
export const PROXY_DATAGRAM: DatagramPrefix<"proxy-v2", ProxyFault> = {
  name: "proxy-v2",
  noun: "PROXY header",
  method: "proxy-protocol",
  absent: "not-proxy",
  isEchoed: false,
  read: readProxyDatagram,
};

/** Where the header that was read last ends. */
let readTo = 0;

/** One header from `at` on: the claim, which ends at `readTo`; undefined for more bytes; or what is wrong. */
function readOne(bytes: Uint8Array, at: number, limitBytes: number): ConnectionClaim | ProxyFault | undefined {
  const present = bytes.length - at;
  if (present === 0) return undefined;
  if (bytes[at] === PROXY_V2_SIGNATURE[0]) {
    if (!beginsProxyV2(bytes, at)) return "not-proxy";
    if (present < PROXY_V2_HEAD_BYTES) return undefined;
    const fault = proxyV2HeadFault(bytes, at);
    if (fault !== undefined) return fault;
    const length = proxyV2Length(bytes, at);
    if (length > limitBytes) return "too-long";
    if (present < length) return undefined;
    readTo = at + length;
    return parseProxyV2(bytes, at, readTo);
  }
  if (!beginsProxyV1(bytes, at)) return "not-proxy";
  const end = findLineEnd(bytes, at);
  if (end < 0) return present < PROXY_V1_LIMIT_BYTES ? undefined : "no-end";
  readTo = end + 2;
  return parseProxyV1(latin1Text(bytes, at, end));
}

/** The header from `at` on is not whole. */
function more(bytes: Uint8Array, at: number): ProxyReading {
  const present = bytes.length - at;
  if (bytes[at] === PROXY_V2_SIGNATURE[0]) {
    const whole = present < PROXY_V2_HEAD_BYTES ? PROXY_V2_HEAD_BYTES : proxyV2Length(bytes, at);
    return { state: "more", missing: whole - present };
  }
  // Of a line CRLF is missing, or LF alone.
  const ending = present > 0 && bytes[bytes.length - 1] === CR ? 1 : 2;
  return { state: "more", missing: Math.max(PROXY_V1_SHORTEST_BYTES - present, ending) };
}

/** Whether what is there of "PROXY " is right. */
function beginsProxyV1(bytes: Uint8Array, at: number): boolean {
  const length = Math.min(V1_SIGNATURE.length, bytes.length - at);
  for (let index = 0; index < length; index++) if (bytes[at + index] !== V1_SIGNATURE[index]) return false;
  return true;
}

/** Where CRLF stands within the longest line, or -1. */
function findLineEnd(bytes: Uint8Array, at: number): number {
  const end = Math.min(bytes.length, at + PROXY_V1_LIMIT_BYTES);
  for (let index = at; index + 1 < end; index++) if (bytes[index] === CR && bytes[index + 1] === LF) return index;
  return -1;
}
