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
export const NO_ADDRESS = -1;
/** Longest zone, in characters: Linux interface names (IFNAMSIZ, 16 bytes with the terminator). */
const ZONE_LIMIT = 15;

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
  mapped: false,
};

const groups = new Int32Array(8);
/** Value of each hexadecimal digit by character code, -1 for other characters. */
const HEX_VALUES = new Int8Array(128).fill(-1);
for (let value = 0; value < 16; value++) {
  const digit = value.toString(16);
  HEX_VALUES[digit.charCodeAt(0)] = value;
  HEX_VALUES[digit.toUpperCase().charCodeAt(0)] = value;
}

function hexValue(code: number): number {
  return code > 127 ? -1 : (HEX_VALUES[code] as number);
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
  if (text.charCodeAt(from) !== OPEN_BRACKET) {
    return readAddress(text, from, to) || (readNodeWithLastColon(text, from, to) && isWrittenAsIPv4());
  }
  let close = from + 1;
  while (close < to && text.charCodeAt(close) !== CLOSE_BRACKET) close++;
  if (close >= to) return false;
  let port = 0;
  if (close + 1 < to) {
    if (text.charCodeAt(close + 1) !== COLON) return false;
    port = readPort(text, close + 2, to);
    if (port < 0) return false;
  }
  // RFC 3986, 3.2.2: brackets are for IPv6.
  if (!readAddress(text, from + 1, close) || isWrittenAsIPv4()) return false;
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

/** Whether the address that was found was written as a dotted quad, and not as a mapped IPv6 address. */
function isWrittenAsIPv4(): boolean {
  return found.family === 4 && !found.mapped;
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
 * What stands before it is the caller's business: the longest address is taken, and the text may go on with anything.
 */
export function readAddressBefore(text: string, floor: number, end: number): number {
  const start = readIPv4Before(text, floor, end);
  if (start < 0) return readIPv6Before(text, floor, end, end);
  if (start <= floor || text.charCodeAt(start - 1) !== COLON) return start;
  return isMappedPrefix(text, start, floor) ? start - 7 : readIPv6Before(text, floor, start, end);
}

/** Whether "::ffff:", and nothing that could belong to the same address, stands before `end`: how Node writes every IPv4 peer of a dual-stack listener. */
function isMappedPrefix(text: string, end: number, floor: number): boolean {
  if (end - 7 < floor) return false;
  for (let at = end - 2; at > end - 6; at--) if ((text.charCodeAt(at) | 32) !== 102) return false;
  if (text.charCodeAt(end - 6) !== COLON || text.charCodeAt(end - 7) !== COLON) return false;
  const before = end - 7 > floor ? text.charCodeAt(end - 8) : 0;
  if (before === COLON || hexValue(before) >= 0) return false;
  found.mapped = true;
  return true;
}

/** Four decimal octets, read from the right: at most three digits each, no leading zero, none over 255. */
function readIPv4Before(text: string, floor: number, end: number): number {
  let at = end;
  let code = at > floor ? text.charCodeAt(at - 1) : 0;
  let value = 0;
  for (let shift = 0; ; shift += 8) {
    let octet = code - ZERO;
    if (octet < 0 || octet > 9) return NO_ADDRESS;
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
      if (first === 0 || octet > 255) return NO_ADDRESS;
    }
    value |= octet << shift;
    if (shift === 24) break;
    if (code !== DOT) return NO_ADDRESS;
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
  return at;
}

/**
 * RFC 4291 text, read from the right: hexadecimal groups that end at `tail`, behind which a dotted quad (in `found`) may stand up to `end`.
 */
function readIPv6Before(text: string, floor: number, tail: number, end: number): number {
  let at = tail;
  /** Groups so far, filled from the right; how many of them stand right of the "::", or -1. */
  let count = 0;
  let behindGap = -1;
  let plain = true;
  const dotted = tail < end;
  if (dotted) {
    groups[7] = found.w0 & 0xffff;
    groups[6] = found.w0 >>> 16;
    count = 2;
  }
  for (;;) {
    // The text's last group ends here, or a colon stands here, or the two colons of the gap.
    let code = at > floor ? text.charCodeAt(at - 1) : 0;
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
    let group = hexValue(code);
    if (group < 0 || count === 8) return NO_ADDRESS;
    let first = group;
    let digits = 1;
    if (group > 9 && code < 97) plain = false;
    code = --at > floor ? text.charCodeAt(at - 1) : 0;
    for (let value = hexValue(code); value >= 0; value = hexValue(code)) {
      if (digits === 4) return NO_ADDRESS;
      group |= value << (digits++ << 2);
      first = value;
      if (value > 9 && code < 97) plain = false;
      code = --at > floor ? text.charCodeAt(at - 1) : 0;
    }
    if (first === 0 && digits > 1) plain = false;
    groups[7 - count] = group;
    count++;
    if (code !== COLON) break;
  }
  if (behindGap < 0 ? count !== 8 : count > 7) return NO_ADDRESS;
  settle(count, behindGap, plain && !dotted);
  if (found.mapped) {
    // The IPv4 address, everywhere: a rule for 10.0.0.0/8 must see it, and so must whoever compares two answers.
    found.canonical = dotted;
    found.from = dotted ? tail : at;
  } else found.from = at;
  found.to = end;
  found.zone = -1;
  found.port = NO_PORT;
  return at;
}

/** Moves the groups left of the gap to their places, and decides what they are and whether they were written as RFC 5952 wants. */
function settle(count: number, behindGap: number, plain: boolean): void {
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
  found.canonical = plain && findZeroRun(groups) === (behindGap < 0 ? -1 : (beforeGap << 4) | missing);
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
