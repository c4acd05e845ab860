/*
 * The one address parser: strict, in the manner of Go's net/netip, writing into a `FoundAddress` of its caller instead of allocating.
 * IPv4 is four decimal octets without leading zeros (no octal, hexadecimal, short or integer form); IPv6 is RFC 4291, 2.2;
 * `::ffff:a.b.c.d` is a.b.c.d; a zone (RFC 4007, 11) is read on link-local addresses only. No white space is skipped here.
 *
 * It reads from the right, because lists are walked from the right: an element is parsed while its beginning is being looked for,
 * and each character is read once. (Reading a character of a string is what costs: finding the comma first and parsing then takes twice the time.)
 */

import { type FoundAddress, NO_ADDRESS, NO_PORT } from "./found.ts";
import { readIPv6Before } from "./ipv6-scan.ts";

const DOT = 46;
const ZERO = 48;
const NINE = 57;
const COLON = 58;

/**
 * Reads the address that ends at `end`, not looking left of `floor`, and returns where it begins, or `NO_ADDRESS`.
 * What stands before it is left in `before` and is the caller's business. First as IPv4: four decimal octets,
 * at most three digits each, no leading zero, none over 255.
 */
export function readAddressBefore(found: FoundAddress, text: string, floor: number, end: number): number {
  let at = end;
  let code = at > floor ? text.charCodeAt(at - 1) : 0;
  let value = 0;
  for (let shift = 0; ; shift += 8) {
    let octet = code - ZERO;
    if (octet < 0 || octet > 9) return readIPv6Before(found, text, floor, end, end);
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
      if (first === 0 || octet > 255) return readIPv6Before(found, text, floor, end, end);
    }
    value |= octet << shift;
    if (shift === 24) break;
    if (code !== DOT) return readIPv6Before(found, text, floor, end, end);
    code = --at > floor ? text.charCodeAt(at - 1) : 0;
  }
  // A fourth digit belongs to the octet, which has at most three.
  if (code >= ZERO && code <= NINE) return NO_ADDRESS;
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
  if (at - 7 !== floor || !text.startsWith("::ffff:", floor)) return readIPv6Before(found, text, floor, at, end);
  // How Node writes every IPv4 peer of a dual-stack listener: worth a shorter way.
  found.mapped = true;
  found.before = 0;
  return floor;
}
