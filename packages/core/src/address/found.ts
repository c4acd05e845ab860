/** No port was named. Port 0 in a header says the same: no client connects from it. */
export const NO_PORT = -1;
/** Longest address text looked at, in characters: "[" + 39 + "%" + 15 + "]:65535" is 63. */
export const NODE_LIMIT = 64;
/** What readers return that look for where an address begins, when no address ends there. */
export const NO_ADDRESS = -1;

/**
 * What a read found. Each reader of addresses has one of its own and reads into it again and again; a read that fails leaves it half written.
 * Words are signed 32-bit integers in network order; IPv4 is in `w0`.
 */
export class FoundAddress {
  family: 4 | 6 = 4;
  w0 = 0;
  w1 = 0;
  w2 = 0;
  w3 = 0;
  /** Span of the address's own text, without brackets and port; behind "::ffff:" for a mapped address with a dotted tail. */
  from = 0;
  to = 0;
  /** Whether that span is RFC 5952 text already. */
  canonical = false;
  /** Offset of the zone's "%", or -1. */
  zone = -1;
  /** 1 to 65535, or `NO_PORT`. */
  port: number = NO_PORT;
  /** Character code of what stands before the address, 0 at the beginning of what was looked at. */
  before = 0;
  /** Whether the text was an IPv4-mapped IPv6 address (RFC 4291, 2.5.5.2). Prefix lengths count from its 128 bits. */
  mapped = false;
}

/** Whether it is 0.0.0.0 or `::`, which no machine has (RFC 1122, 3.2.1.3; RFC 4291, 2.5.2). */
export function isUnspecified({ family, w0, w1, w2, w3 }: FoundAddress): boolean {
  return family === 4 ? w0 === 0 : (w0 | w1 | w2 | w3) === 0;
}
