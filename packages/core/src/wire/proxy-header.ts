import type { ConnectionClaim } from "../claim.ts";
import { latin1Text } from "./address-bytes.ts";
import { parseProxyV1, PROXY_V1_LIMIT_BYTES, type ProxyV1Fault } from "./proxy-v1.ts";
import {
  beginsProxyV2,
  parseProxyV2,
  PROXY_V2_SIGNATURE,
  proxyV2HeadFault,
  proxyV2Length,
  type ProxyV2Fault,
} from "./proxy-v2.ts";
import { PROXY_V2_HEAD_BYTES } from "./proxy-v2-claim.ts";

/** Longest header that is read, in bytes, unless told otherwise: two certificates fit; a megabyte of zeros does not. */
export const PROXY_HEADER_LIMIT_BYTES = 4096;

const V1_SIGNATURE: readonly number[] = [0x50, 0x52, 0x4f, 0x58, 0x59, 0x20];
/** "PROXY UNKNOWN" and CRLF. */
const PROXY_V1_SHORTEST_BYTES = 15;
const CR = 13;
const LF = 10;

export interface ProxyHeaderOptions {
  /** Longest header, in bytes. Default `PROXY_HEADER_LIMIT_BYTES`. */
  readonly limitBytes?: number | undefined;
  /**
   * Headers in a row that must be there: AWS NLB puts its own before one that its client sent. Not "up to": whether a second one has arrived yet is no
   * reason to read it or not. LOCAL is the last one wherever it stands, because nobody speaks through it. Default 1.
   */
  readonly headers?: number | undefined;
}

/** Why the first bytes are no header: "not-proxy" where they are something else altogether, "no-end" a line longer than 107 bytes, "too-long" beyond the limit. */
export type ProxyFault = ProxyV1Fault | ProxyV2Fault | "not-proxy" | "no-end" | "too-long";

/**
 * What the bytes say so far. "more": not all is there, and at least `missing` bytes are not. "header": `claims`, nearest first, and how many bytes they took. "refused": a header that is broken,
 * or none at all ("not-proxy"; then nothing was taken).
 */
export type ProxyReading =
  | { readonly state: "more"; readonly missing: number }
  | { readonly state: "header"; readonly claims: readonly ConnectionClaim[]; readonly length: number }
  | { readonly state: "refused"; readonly reason: ProxyFault };

const refusals = new Map<ProxyFault, ProxyReading>();

function refused(reason: ProxyFault): ProxyReading {
  let reading = refusals.get(reason);
  if (reading === undefined) refusals.set(reason, (reading = { state: "refused", reason }));
  return reading;
}

/**
 * Reads the headers at the beginning of a stream, of which bytes[0, bytes.length) has come so far, and which must not change any more: what a claim of
 * version 2 tells is read from them when it is asked for. To be asked again with more bytes while it answers
 * "more"; it then says no more than `limitBytes` a header are worth keeping. What does not begin like a header is refused at its first wrong byte.
 */
export function readProxyHeaders(bytes: Uint8Array, options?: ProxyHeaderOptions): ProxyReading {
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
export function readProxyDatagram(bytes: Uint8Array): ProxyReading {
  if (bytes.length < PROXY_V2_HEAD_BYTES || !beginsProxyV2(bytes, 0)) return refused("not-proxy");
  const fault = proxyV2HeadFault(bytes, 0);
  if (fault !== undefined) return refused(fault);
  const length = proxyV2Length(bytes, 0);
  if (length > bytes.length) return refused("too-short");
  const claim = parseProxyV2(bytes, 0, length, "datagram");
  return typeof claim === "string" ? refused(claim) : { state: "header", claims: [claim], length };
}

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
    return parseProxyV2(bytes, at, readTo, "stream");
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
