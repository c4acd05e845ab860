import type { Endpoint } from "../endpoint.ts";
import { addressText, readShort } from "./address-bytes.ts";

/** The headers of one TCP packet. */
export interface TcpPacket {
  readonly family: 4 | 6;
  readonly source: Endpoint;
  readonly destination: Endpoint;
  readonly syn: boolean;
  readonly ack: boolean;
  /** The options, a view of the packet's bytes. */
  readonly options: Uint8Array;
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
 * IP and TCP header from the IP header on, as TCP_SAVED_SYN of mode 1 gives them; what follows the TCP header is not looked at.
 * Undefined for anything else: other protocols, fragments, headers that end too early. An IPv4-mapped address does not occur here.
 */
export function parseTcpPacket(bytes: Uint8Array): TcpPacket | undefined {
  switch ((bytes[0] ?? 0) >> 4) {
    case 4:
      return parseOverIPv4(bytes);
    case 6:
      return parseOverIPv6(bytes);
    default:
      return undefined;
  }
}

function parseOverIPv4(bytes: Uint8Array): TcpPacket | undefined {
  const headerBytes = ((bytes[0] as number) & 15) * 4;
  if (headerBytes < IPV4_HEADER_BYTES || bytes.length < headerBytes) return undefined;
  // A fragment offset: no TCP header follows (RFC 791, 3.1).
  if (bytes[9] !== TCP || (readShort(bytes, 6) & 0x1fff) !== 0) return undefined;
  return parseTcp(bytes, headerBytes, 4, 12, 16);
}

function parseOverIPv6(bytes: Uint8Array): TcpPacket | undefined {
  let next = bytes[6];
  let at = IPV6_HEADER_BYTES;
  for (let headers = 0; next !== TCP; headers++) {
    if (headers === EXTENSION_LIMIT || next === undefined || !EXTENSION_HEADERS.includes(next)) return undefined;
    next = bytes[at];
    at += ((bytes[at + 1] ?? 0) + 1) * 8;
  }
  return parseTcp(bytes, at, 6, 8, 24);
}

function parseTcp(
  bytes: Uint8Array,
  at: number,
  family: 4 | 6,
  source: number,
  destination: number,
): TcpPacket | undefined {
  if (bytes.length < at + TCP_HEADER_BYTES) return undefined;
  const end = at + ((bytes[at + 12] as number) >> 4) * 4;
  if (end < at + TCP_HEADER_BYTES || bytes.length < end) return undefined;
  const flags = bytes[at + 13] as number;
  return {
    family,
    source: { address: addressText(bytes, source, family), port: readShort(bytes, at) },
    destination: { address: addressText(bytes, destination, family), port: readShort(bytes, at + 2) },
    syn: (flags & SYN) !== 0,
    ack: (flags & ACK) !== 0,
    options: bytes.subarray(at + TCP_HEADER_BYTES, end),
  };
}
