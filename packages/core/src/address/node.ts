import { type FoundAddress, NO_ADDRESS, NO_PORT, NODE_LIMIT } from "./found.ts";
import { readAddress } from "./reader.ts";
import { readAddressBefore } from "./scan.ts";

const ZERO = 48;
const NINE = 57;
const COLON = 58;
const OPEN_BRACKET = 91;
const CLOSE_BRACKET = 93;

/** Reads text[from, to) as an address with or without a port: `a`, `v4:port`, `[v6]`, `[v6]:port` (RFC 3986, 3.2.2; RFC 7239, 6). */
export function readNode(found: FoundAddress, text: string, from: number, to: number): boolean {
  if (to - from > NODE_LIMIT || from >= to) return false;
  return readNodeBefore(found, text, from, to) === from || readZonedNode(found, text, from, to);
}

/** `fe80::1%eth0`, `[fe80::1%eth0]`, `[fe80::1%eth0]:port`. */
function readZonedNode(found: FoundAddress, text: string, from: number, to: number): boolean {
  if (text.charCodeAt(from) !== OPEN_BRACKET) return readAddress(found, text, from, to);
  let close = from + 1;
  while (close < to && text.charCodeAt(close) !== CLOSE_BRACKET) close++;
  const port = close + 1 === to ? 0 : text.charCodeAt(close + 1) === COLON ? readPort(text, close + 2, to) : -1;
  if (close >= to || port < 0 || !readAddress(found, text, from + 1, close) || found.family === 4) return false;
  found.port = port === 0 ? NO_PORT : port;
  return true;
}

/** Reads text[from, to) as `address:port` where IPv6 stands without brackets: the last colon is the port's (CloudFront-Viewer-Address). */
export function readNodeWithLastColon(found: FoundAddress, text: string, from: number, to: number): boolean {
  let colon = to - 1;
  while (colon > from && text.charCodeAt(colon) !== COLON) colon--;
  const port = readPort(text, colon + 1, to);
  if (port < 0 || colon <= from || !readAddress(found, text, from, colon)) return false;
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

/** Reads the address, with or without a port, that ends at `end`; like `readAddressBefore`, and without zones. */
export function readNodeBefore(found: FoundAddress, text: string, floor: number, end: number): number {
  const bare = readAddressBefore(found, text, floor, end);
  return bare >= 0 || end <= floor ? bare : readDressedBefore(found, text, floor, end);
}

/** The same for an address that has a port or brackets. */
export function readDressedBefore(found: FoundAddress, text: string, floor: number, end: number): number {
  let close = end;
  let port = 0;
  if (text.charCodeAt(end - 1) !== CLOSE_BRACKET) {
    const colon = portColonBefore(text, floor, end);
    if (colon <= floor) return NO_ADDRESS;
    port = readPort(text, colon + 1, end);
    if (port < 0) return NO_ADDRESS;
    if (text.charCodeAt(colon - 1) !== CLOSE_BRACKET) {
      const start = readAddressBefore(found, text, floor, colon);
      if (start < 0 || found.family === 6 || found.mapped) return NO_ADDRESS;
      if (port > 0) found.port = port;
      return start;
    }
    close = colon;
  }
  // RFC 3986, 3.2.2: brackets are for IPv6.
  const start = readAddressBefore(found, text, floor, close - 1);
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
    if (code < ZERO || code > NINE) return -1;
  }
  return -1;
}
