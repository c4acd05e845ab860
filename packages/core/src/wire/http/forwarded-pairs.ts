import type { FoundAddress } from "../../address/found.ts";
import { readNodeBefore } from "../../address/node.ts";
import { readAddressBefore } from "../../address/scan.ts";
import { FOR, parameterBit, PROTO } from "./forwarded-parameter.ts";
import { tokenBefore } from "./token.ts";

const LINE_END = 10;
const SPACE = 32;
const QUOTE = 34;
const COMMA = 44;
const ZERO = 48;
const NINE = 57;
const SEMICOLON = 59;
const EQUALS = 61;
const OPEN_BRACKET = 91;
const BACKSLASH = 92;

const HTTPS = ";proto=https";

/**
 * Reads an element that has an address and nothing unusual, in one pass from the right, and returns where it begins: registered parameters without quoted
 * pairs, and a comma (with at most one space), a line's end or the text's beginning before it. -1 for everything else, which is then read the long way.
 */
export function readPairsBefore(found: FoundAddress, text: string, floor: number, end: number): number {
  let at = end;
  let seen = 0;
  // What most proxies write behind `for`: the engine compares a literal quicker than we read its characters.
  if (text.startsWith(HTTPS, end - HTTPS.length)) {
    at = end - HTTPS.length;
    seen = PROTO;
  }
  for (;;) {
    if (at <= floor) return -1;
    const quoted = text.charCodeAt(at - 1) === QUOTE;
    let value = (seen & FOR) === 0 ? nodeBefore(found, text, floor, at, quoted) : -1;
    const isNode = value >= 0;
    if (!isNode) {
      value = quoted ? quoteBefore(text, floor, at - 1) : tokenBefore(text, floor, at);
      if (value <= floor || value === at || text.charCodeAt(value - 1) !== EQUALS) return -1;
    }
    const isUsual = isNode && value - 4 >= floor && text.startsWith("for", value - 4);
    const name = isUsual ? value - 4 : tokenBefore(text, floor, value - 1);
    const bit = isUsual ? FOR : parameterBit(text, name, value - 1);
    // Twice the same, an extension, or a `for` that is no address.
    if (bit === 0 || (seen & bit) !== 0 || (bit === FOR && !isNode)) return -1;
    seen |= bit;
    const before = name > floor ? text.charCodeAt(name - 1) : floor === 0 ? LINE_END : 0;
    if (before === SEMICOLON) {
      at = name - 1;
      continue;
    }
    const begins =
      before === LINE_END ||
      before === COMMA ||
      (before === SPACE && name - 2 >= floor && text.charCodeAt(name - 2) === COMMA);
    return begins && (seen & FOR) !== 0 ? name : -1;
  }
}

/** Where the value begins if it is an address as `for` has it: IPv4 alone, or within quotes with a port or brackets. */
function nodeBefore(found: FoundAddress, text: string, floor: number, end: number, quoted: boolean): number {
  if (!quoted) {
    const last = text.charCodeAt(end - 1);
    if (last < ZERO || last > NINE) return -1;
    const start = readAddressBefore(found, text, floor, end);
    return start >= 0 && found.before === EQUALS && found.family === 4 && !found.mapped ? start : -1;
  }
  const start = readNodeBefore(found, text, floor, end - 1);
  if (start < 1 || found.before !== QUOTE || start - 2 < floor || text.charCodeAt(start - 2) !== EQUALS) return -1;
  const bracketed = text.charCodeAt(start) === OPEN_BRACKET;
  return bracketed || (found.family === 4 && !found.mapped) ? start - 1 : -1;
}

/** Where the quoted string begins whose closing quote is at `close`; -1 where it has quoted pairs or no beginning. */
function quoteBefore(text: string, floor: number, close: number): number {
  for (let at = close - 1; at >= floor; at--) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at;
    if (code === BACKSLASH || code === LINE_END) return -1;
  }
  return -1;
}
