import type { Endpoint } from "../../address/endpoint.ts";
import { addressText, readShort } from "../../address/bytes.ts";

/** The headers of one TCP packet, as places in the bytes that it was read from: nothing is copied. */
export interface TcpPacket {
  readonly family: 4 | 6;
  /** Where the source address begins. */
  readonly sourceAt: number;
  readonly sourcePort: number;
  readonly syn: boolean;
  readonly ack: boolean;
  /** The options are [optionsFrom, optionsTo): at most 40 bytes. */
  readonly optionsFrom: number;
  readonly optionsTo: number;
}

const TCP = 6;
const IPV4_HEADER_BYTES = 20;
const IPV6_HEADER_BYTES = 40;
const TCP_HEADER_BYTES = 20;
const SYN = 0x02;
const ACK = 0x10;
/** Hop-by-hop options, routing, destination options: their length is in units of 8 bytes, the first not counted (RFC 8200, 4). */
const EXTENSION_HEADERS: readonly number[] = [0, 43, 60];
/** Extension headers that are walked over. RFC 8200, 4.1 recommends an order in which there are four of these kinds. */
const EXTENSION_LIMIT = 4;

/**
 * IP and TCP header of bytes[from, to), from the IP header on, as TCP_SAVED_SYN of mode 1 gives them; what follows the TCP header is not looked at.
 * Undefined for anything else: other protocols, fragments, headers that end too early. An IPv4-mapped address does not occur here.
 */
export function parseTcpPacket(bytes: Uint8Array, from = 0, to: number = bytes.length): TcpPacket | undefined {
  if (from >= to) return undefined;
  switch ((bytes[from] as number) >> 4) {
    case 4:
      return parseOverIPv4(bytes, from, to);
    case 6:
      return parseOverIPv6(bytes, from, to);
    default:
      return undefined;
  }
}

/** Who sent the packet that was read from `bytes`. */
export function tcpSource(bytes: Uint8Array, { family, sourceAt, sourcePort }: TcpPacket): Endpoint {
  return { address: addressText(bytes, sourceAt, family), port: sourcePort };
}

function parseOverIPv4(bytes: Uint8Array, from: number, to: number): TcpPacket | undefined {
  const headerBytes = ((bytes[from] as number) & 15) * 4;
  if (headerBytes < IPV4_HEADER_BYTES || to - from < headerBytes) return undefined;
  // A fragment offset: no TCP header follows (RFC 791, 3.1).
  if (bytes[from + 9] !== TCP || (readShort(bytes, from + 6) & 0x1fff) !== 0) return undefined;
  return parseTcp(bytes, from + headerBytes, to, 4, from + 12);
}

function parseOverIPv6(bytes: Uint8Array, from: number, to: number): TcpPacket | undefined {
  if (to - from < IPV6_HEADER_BYTES) return undefined;
  let next = bytes[from + 6] as number;
  let at = from + IPV6_HEADER_BYTES;
  for (let headers = 0; next !== TCP; headers++) {
    if (headers === EXTENSION_LIMIT || at + 2 > to || !EXTENSION_HEADERS.includes(next)) return undefined;
    next = bytes[at] as number;
    at += ((bytes[at + 1] as number) + 1) * 8;
  }
  return parseTcp(bytes, at, to, 6, from + 8);
}

function parseTcp(bytes: Uint8Array, at: number, to: number, family: 4 | 6, sourceAt: number): TcpPacket | undefined {
  if (to < at + TCP_HEADER_BYTES) return undefined;
  const end = at + ((bytes[at + 12] as number) >> 4) * 4;
  if (end < at + TCP_HEADER_BYTES || to < end) return undefined;
  const flags = bytes[at + 13] as number;
  return {
    family,
    sourceAt,
    sourcePort: readShort(bytes, at),
    syn: (flags & SYN) !== 0,
    ack: (flags & ACK) !== 0,
    optionsFrom: at + TCP_HEADER_BYTES,
    optionsTo: end,
  };
}
