/*
 * The one address parser: strict, in the manner of Go's net/netip, writing to `found` instead of allocating.
 * IPv4 is four decimal octets without leading zeros (no octal, hexadecimal, short or integer form); IPv6 is RFC 4291, 2.2;
 * `::ffff:a.b.c.d` is a.b.c.d; a zone (RFC 4007, 11) is read on link-local addresses only. No white space is skipped here.
 *
 * It reads from the right, because lists are walked from the right: an element is parsed while its beginning is being looked for,
 * and each character is read once. (Reading a character of a string is what costs: finding the comma first and parsing then takes twice the time.)
 */

import { findZeroRun } from "./zero-run.ts";

/** No port was named. Port 0 in a header says the same: nobody listens or connects there. */
export const NO_PORT = -1;
/** Longest address text looked at, in characters: "[" + 39 + "%" + 15 + "]:65535" is 63. */
export const NODE_LIMIT = 64;
/** What `readAddressBefore` returns when no address ends there. */
const NO_ADDRESS = -1;
/** Longest zone, in characters: Linux interface names (IFNAMSIZ, 16 bytes with the terminator). */
const ZONE_LIMIT = 15;

const LOWER_CASE = 32;
const PERCENT = 37;
const DOT = 46;
const ZERO = 48;
const COLON = 58;
const OPEN_BRACKET = 91;
const CLOSE_BRACKET = 93;

/**
 * What the last successful read found. One object for all reads: the next one overwrites it, so callers copy what they keep, at once.
 * Words are signed 32-bit integers in network order; IPv4 is in `w0`.
 */
export const found: {
  family: 4 | 6;
  w0: number;
  w1: number;
  w2: number;
  w3: number;
  /** Span of the address's own text, without brackets and port; behind "::ffff:" for a mapped address with a dotted tail. */
  from: number;
  to: number;
  /** Whether that span is RFC 5952 text already. */
  canonical: boolean;
  /** Offset of the zone's "%", or -1. */
  zone: number;
  /** 1 to 65535, or `NO_PORT`. */
  port: number;
  /** Character code of what stands before the address, 0 at the beginning of what was looked at. */
  before: number;
  /** Whether the text was an IPv4-mapped IPv6 address (RFC 4291, 2.5.5.2). Prefix lengths count from its 128 bits. */
  mapped: boolean;
} = {
  family: 4,
  w0: 0,
  w1: 0,
  w2: 0,
  w3: 0,
  from: 0,
  to: 0,
  canonical: false,
  zone: -1,
  port: NO_PORT,
  before: 0,
  mapped: false,
};

const groups = new Int32Array(8);
/** Value of each hexadecimal digit by character code, -1 for all other characters. As large as a character code can be, so that nothing needs to be checked before. */
const HEX_VALUES = new Int8Array(0x1_0000).fill(-1);
for (let value = 0; value < 16; value++) {
  const digit = value.toString(16);
  HEX_VALUES[digit.charCodeAt(0)] = value;
  HEX_VALUES[digit.toUpperCase().charCodeAt(0)] = value;
}

function hexValue(code: number): number {
  return HEX_VALUES[code] as number;
}

/** Whether `found` holds 0.0.0.0 or `::`, which are nobody's address (RFC 1122, 3.2.1.3; RFC 4291, 2.5.2). */
export function foundUnspecified(): boolean {
  return found.family === 4 ? found.w0 === 0 : (found.w0 | found.w1 | found.w2 | found.w3) === 0;
}

/** Reads text[from, to) as a bare address: no port, no brackets; a zone on link-local addresses. */
export function readAddress(text: string, from: number, to: number): boolean {
  if (to - from > NODE_LIMIT) return false;
  if (readAddressBefore(text, from, to) === from) return true;
  let percent = from;
  while (percent < to && text.charCodeAt(percent) !== PERCENT) percent++;
  if (percent === to || !isZone(text, percent + 1, to)) return false;
  if (readAddressBefore(text, from, percent) !== from || found.family === 4) return false;
  // A zone means something on link-local addresses only (fe80::/10, RFC 4007, 6).
  if ((found.w0 & 0xffc00000) !== LINK_LOCAL) return false;
  found.zone = percent;
  found.to = to;
  return true;
}

const LINK_LOCAL = 0xfe800000 | 0;

/** Reads text[from, to) as an address with or without a port: `a`, `v4:port`, `[v6]`, `[v6]:port` (RFC 3986, 3.2.2; RFC 7239, 6). */
export function readNode(text: string, from: number, to: number): boolean {
  if (to - from > NODE_LIMIT || from >= to) return false;
  return readNodeBefore(text, from, to) === from || readZonedNode(text, from, to);
}

/** `fe80::1%eth0`, `[fe80::1%eth0]`, `[fe80::1%eth0]:port`. */
function readZonedNode(text: string, from: number, to: number): boolean {
  if (text.charCodeAt(from) !== OPEN_BRACKET) return readAddress(text, from, to);
  let close = from + 1;
  while (close < to && text.charCodeAt(close) !== CLOSE_BRACKET) close++;
  const port = close + 1 === to ? 0 : text.charCodeAt(close + 1) === COLON ? readPort(text, close + 2, to) : -1;
  if (close >= to || port < 0 || !readAddress(text, from + 1, close) || found.family === 4) return false;
  found.port = port === 0 ? NO_PORT : port;
  return true;
}

/** Reads text[from, to) as `address:port` where IPv6 stands without brackets: the last colon is the port's (CloudFront-Viewer-Address). */
export function readNodeWithLastColon(text: string, from: number, to: number): boolean {
  let colon = to - 1;
  while (colon > from && text.charCodeAt(colon) !== COLON) colon--;
  const port = readPort(text, colon + 1, to);
  if (port < 0 || colon <= from || !readAddress(text, from, colon)) return false;
  found.port = port === 0 ? NO_PORT : port;
  return true;
}

/** Decimal 0 to 65535 without leading zeros, or -1. */
export function readPort(text: string, from: number, to: number): number {
  if (from >= to || to - from > 5) return -1;
  let port = 0;
  for (let at = from; at < to; at++) {
    const digit = text.charCodeAt(at) - ZERO;
    if (digit < 0 || digit > 9 || (port === 0 && at > from)) return -1;
    port = port * 10 + digit;
  }
  return port > 65535 ? -1 : port;
}

/**
 * Reads the address that ends at `end`, not looking left of `floor`, and returns where it begins, or `NO_ADDRESS`.
 * What stands before it is left in `found.before` and is the caller's business. First as IPv4: four decimal octets,
 * at most three digits each, no leading zero, none over 255.
 */
export function readAddressBefore(text: string, floor: number, end: number): number {
  let at = end;
  let code = at > floor ? text.charCodeAt(at - 1) : 0;
  let value = 0;
  for (let shift = 0; ; shift += 8) {
    let octet = code - ZERO;
    if (octet < 0 || octet > 9) return readIPv6Before(text, floor, end, end);
    code = --at > floor ? text.charCodeAt(at - 1) : 0;
    let digit = code - ZERO;
    if (digit >= 0 && digit <= 9) {
      let first = digit;
      octet += digit * 10;
      code = --at > floor ? text.charCodeAt(at - 1) : 0;
      digit = code - ZERO;
      if (digit >= 0 && digit <= 9) {
        first = digit;
        octet += digit * 100;
        code = --at > floor ? text.charCodeAt(at - 1) : 0;
      }
      // A leading zero is octal to inet_aton and decimal to others: it is refused (netip: "IPv4 field has octet with leading zero").
      if (first === 0 || octet > 255) return readIPv6Before(text, floor, end, end);
    }
    value |= octet << shift;
    if (shift === 24) break;
    if (code !== DOT) return readIPv6Before(text, floor, end, end);
    code = --at > floor ? text.charCodeAt(at - 1) : 0;
  }
  // A fourth digit belongs to the octet, which has at most three.
  if (code >= ZERO && code <= 57) return NO_ADDRESS;
  found.family = 4;
  found.w0 = value;
  found.from = at;
  found.to = end;
  found.canonical = true;
  found.mapped = false;
  found.zone = -1;
  found.port = NO_PORT;
  found.before = code;
  if (code !== COLON) return at;
  if (at - 7 !== floor || !text.startsWith("::ffff:", floor)) return readIPv6Before(text, floor, at, end);
  // How Node writes every IPv4 peer of a dual-stack listener: worth a shorter way.
  found.mapped = true;
  found.before = 0;
  return floor;
}

/** Reads the address, with or without a port, that ends at `end`; like `readAddressBefore`, and without zones. */
export function readNodeBefore(text: string, floor: number, end: number): number {
  const bare = readAddressBefore(text, floor, end);
  return bare >= 0 || end <= floor ? bare : readDressedBefore(text, floor, end);
}

/** The same for an address that has a port or brackets. */
export function readDressedBefore(text: string, floor: number, end: number): number {
  let close = end;
  let port = 0;
  if (text.charCodeAt(end - 1) !== CLOSE_BRACKET) {
    const colon = portColonBefore(text, floor, end);
    if (colon <= floor) return NO_ADDRESS;
    port = readPort(text, colon + 1, end);
    if (port < 0) return NO_ADDRESS;
    if (text.charCodeAt(colon - 1) !== CLOSE_BRACKET) {
      const start = readAddressBefore(text, floor, colon);
      if (start < 0 || found.family === 6 || found.mapped) return NO_ADDRESS;
      if (port > 0) found.port = port;
      return start;
    }
    close = colon;
  }
  // RFC 3986, 3.2.2: brackets are for IPv6.
  const start = readAddressBefore(text, floor, close - 1);
  if (start < 0 || found.before !== OPEN_BRACKET || (found.family === 4 && !found.mapped)) return NO_ADDRESS;
  if (port > 0) found.port = port;
  found.before = start - 1 > floor ? text.charCodeAt(start - 2) : 0;
  return start - 1;
}

/** Offset of the colon before at most five digits that end at `end`, or -1. */
function portColonBefore(text: string, floor: number, end: number): number {
  for (let at = end - 1; at >= floor && at >= end - 6; at--) {
    const code = text.charCodeAt(at);
    if (code === COLON) return at;
    if (code < ZERO || code > 57) return -1;
  }
  return -1;
}

/**
 * RFC 4291 text, read from the right: hexadecimal groups that end at `tail`, behind which a dotted quad (in `found`) may stand up to `end`.
 */
function readIPv6Before(text: string, floor: number, tail: number, end: number): number {
  let at = tail;
  /** Groups so far, filled from the right; how many of them stand right of the "::", or -1; how many are zero. */
  let count = 0;
  let behindGap = -1;
  let zeros = 0;
  let plain = true;
  /** All digits' character codes, ANDed: upper-case letters lack bit 5, which lower-case letters and decimal digits have. */
  let cases = LOWER_CASE;
  const dotted = tail < end;
  if (dotted) {
    groups[7] = found.w0 & 0xffff;
    groups[6] = found.w0 >>> 16;
    count = 2;
  }
  let code = at > floor ? text.charCodeAt(at - 1) : 0;
  for (;;) {
    // `code` stands before `at`: the last digit of the text's last group, or a colon, or the second colon of the gap.
    if (code === COLON) {
      if (at - 2 < floor) return NO_ADDRESS;
      code = text.charCodeAt(at - 2);
      if (code === COLON) {
        if (behindGap >= 0) return NO_ADDRESS;
        behindGap = count;
        at -= 2;
        code = at > floor ? text.charCodeAt(at - 1) : 0;
        if (code === COLON) return NO_ADDRESS;
        if (hexValue(code) < 0) break;
      } else {
        if (count === 0) return NO_ADDRESS;
        at--;
      }
    }
    // At most four digits, straight-line: this is where the time of an IPv6 address goes.
    let group = hexValue(code);
    if (group < 0 || count === 8) return NO_ADDRESS;
    let first = group;
    cases &= code;
    code = --at > floor ? text.charCodeAt(at - 1) : 0;
    let value = hexValue(code);
    if (value >= 0) {
      first = value;
      group |= value << 4;
      cases &= code;
      code = --at > floor ? text.charCodeAt(at - 1) : 0;
      value = hexValue(code);
      if (value >= 0) {
        first = value;
        group |= value << 8;
        cases &= code;
        code = --at > floor ? text.charCodeAt(at - 1) : 0;
        value = hexValue(code);
        if (value >= 0) {
          first = value;
          group |= value << 12;
          cases &= code;
          code = --at > floor ? text.charCodeAt(at - 1) : 0;
          if (hexValue(code) >= 0) return NO_ADDRESS;
        }
      }
      if (first === 0) plain = false;
    }
    if (group === 0) zeros++;
    groups[7 - count] = group;
    count++;
    if (code !== COLON) break;
  }
  if (behindGap < 0 ? count !== 8 : count > 7) return NO_ADDRESS;
  settle(count, behindGap, zeros, plain && cases !== 0 && !dotted);
  if (found.mapped) {
    // The IPv4 address, everywhere: a rule for 10.0.0.0/8 must see it, and so must whoever compares two answers.
    found.canonical = dotted;
    found.from = dotted ? tail : at;
  } else found.from = at;
  found.to = end;
  found.zone = -1;
  found.port = NO_PORT;
  found.before = code;
  return at;
}

/** Moves the groups left of the gap to their places, and decides what they are and whether they were written as RFC 5952 wants. */
function settle(count: number, behindGap: number, zeros: number, plain: boolean): void {
  const missing = 8 - count;
  const beforeGap = behindGap < 0 ? 0 : count - behindGap;
  if (behindGap >= 0) {
    for (let index = 0; index < beforeGap; index++) groups[index] = groups[missing + index] as number;
    for (let index = beforeGap; index < beforeGap + missing; index++) groups[index] = 0;
  }
  const w0 = ((groups[0] as number) << 16) | (groups[1] as number);
  const w1 = ((groups[2] as number) << 16) | (groups[3] as number);
  const w2 = ((groups[4] as number) << 16) | (groups[5] as number);
  const w3 = ((groups[6] as number) << 16) | (groups[7] as number);
  found.mapped = w0 === 0 && w1 === 0 && w2 === 0xffff;
  if (found.mapped) {
    found.family = 4;
    found.w0 = w3;
    return;
  }
  found.family = 6;
  found.w0 = w0;
  found.w1 = w1;
  found.w2 = w2;
  found.w3 = w3;
  // Without a gap and with at most one zero group there is nothing to shorten.
  const shortest = behindGap < 0 && zeros < 2;
  found.canonical = plain && (shortest || findZeroRun(groups) === (behindGap < 0 ? -1 : (beforeGap << 4) | missing));
}

/** Interface names: letters, digits and "._-" (RFC 4007, 11.2 leaves the characters to the system; these are what Linux, BSD and Windows use). */
function isZone(text: string, from: number, to: number): boolean {
  if (from >= to || to - from > ZONE_LIMIT) return false;
  for (let at = from; at < to; at++) {
    const code = text.charCodeAt(at);
    const letter = (code | 32) >= 97 && (code | 32) <= 122;
    if (!letter && (code < ZERO || code > 57) && code !== DOT && code !== 45 && code !== 95) return false;
  }
  return true;
}
