import { type FoundAddress, NO_ADDRESS, NO_PORT } from "./found.ts";
import { findZeroRun } from "./zero-run.ts";

const LOWER_CASE = 32;
const COLON = 58;

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

/**
 * RFC 4291 text, read from the right: hexadecimal groups that end at `tail`, behind which a dotted quad (in `found`) may stand up to `end`.
 */
export function readIPv6Before(found: FoundAddress, text: string, floor: number, tail: number, end: number): number {
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
  settle(found, count, behindGap, zeros, plain && cases !== 0 && !dotted);
  if (found.mapped) {
    // The IPv4 address, everywhere: a rule for 10.0.0.0/8 must see it, and two answers must compare equal.
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
function settle(found: FoundAddress, count: number, behindGap: number, zeros: number, plain: boolean): void {
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
