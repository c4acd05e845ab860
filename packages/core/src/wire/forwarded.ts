import { found, readAddressBefore, readNode, readNodeBefore } from "../address-reader.ts";
import { EMPTY, GARBAGE, NODE, skipSpaceAfter, skipSpaceBefore } from "./x-forwarded-for.ts";

/** An honest "somebody": `unknown`, an obfuscated identifier, or an element without `for` (RFC 7239, 4 and 6). */
export const SOMEBODY = 3;

/** Longest element that is looked at, in characters: `for`, `by`, `host` and `proto` with a long host name. */
const FORWARDED_ELEMENT_LIMIT = 512;
/** Longest element that is read in one pass, in characters. */
const USUAL_ELEMENT_LIMIT = 128;

const LINE_END = 10;
const SPACE = 32;
const QUOTE = 34;
const COMMA = 44;
const ZERO = 48;
const NINE = 57;
const COLON = 58;
const SEMICOLON = 59;
const EQUALS = 61;
const OPEN_BRACKET = 91;
const BACKSLASH = 92;
const UNDERSCORE = 95;

/** Characters of a token (RFC 9110, 5.6.2), by code. */
const TOKEN = new Uint8Array(128);
for (const character of "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") {
  TOKEN[character.charCodeAt(0)] = 1;
}

/** Bits of `parameterBit`. */
const FOR = 1;
const BY = 2;
const HOST = 4;
const PROTO = 8;

const HTTPS = ";proto=https";

/** The element that was read last, without the white space around it. With `NODE` its address is in `found`, which was read from `node`. */
export const forwarded: {
  kind: typeof EMPTY | typeof NODE | typeof GARBAGE | typeof SOMEBODY;
  from: number;
  to: number;
  node: string;
} = { kind: EMPTY, from: 0, to: 0, node: "" };

/**
 * Reads the last element of a Forwarded field, text[0, end), and returns where the field before it ends; less than 1 when this was the first.
 * Field lines may be separated by a line feed, which no quoted string crosses. What stands left of an element cannot change how it reads:
 * quotes are counted from the right, so that a client's open quote cannot swallow the element that a proxy appended.
 */
export function readLastForwarded(text: string, end: number): number {
  if (end > 0 && text.charCodeAt(end - 1) === COMMA) {
    forwarded.kind = EMPTY;
    return end - 1;
  }
  const start = readPairsBefore(text, Math.max(0, end - USUAL_ELEMENT_LIMIT), end);
  if (start >= 0) {
    forwarded.kind = NODE;
    forwarded.from = start;
    forwarded.to = end;
    forwarded.node = text;
    return start > 1 && text.charCodeAt(start - 1) === SPACE ? start - 2 : start - 1;
  }
  return readWholeElement(text, Math.max(0, end - FORWARDED_ELEMENT_LIMIT), end);
}

/**
 * Reads an element that has an address and nothing unusual, in one pass from the right, and returns where it begins: registered parameters without quoted
 * pairs, and a comma (with at most one space), a line's end or the text's beginning before it. -1 for everything else, which is then read the long way.
 */
function readPairsBefore(text: string, floor: number, end: number): number {
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
    let value = (seen & FOR) === 0 ? nodeBefore(text, floor, at, quoted) : -1;
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
function nodeBefore(text: string, floor: number, end: number, quoted: boolean): number {
  if (!quoted) {
    const last = text.charCodeAt(end - 1);
    if (last < ZERO || last > NINE) return -1;
    const start = readAddressBefore(text, floor, end);
    return start >= 0 && found.before === EQUALS && found.family === 4 && !found.mapped ? start : -1;
  }
  const start = readNodeBefore(text, floor, end - 1);
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

/** Where the token begins that ends at `end`; `end` itself where there is none. */
function tokenBefore(text: string, floor: number, end: number): number {
  let at = end;
  while (at > floor) {
    const code = text.charCodeAt(at - 1);
    if (code > 127 || TOKEN[code] !== 1) break;
    at--;
  }
  return at;
}

/** Any element: its beginning is looked for first, then it is read forwards. */
function readWholeElement(text: string, floor: number, end: number): number {
  let at = end;
  let quoted = false;
  for (; at > floor; at--) {
    const code = text.charCodeAt(at - 1);
    if (code === QUOTE) {
      if (!quoted || !isEscaped(text, at - 1, floor)) quoted = !quoted;
    } else if (code === LINE_END || (code === COMMA && !quoted)) break;
  }
  const from = skipSpaceAfter(text, at, end);
  const to = skipSpaceBefore(text, from, end);
  forwarded.from = from;
  forwarded.to = to;
  if (quoted || (at === floor && floor > 0)) {
    forwarded.kind = GARBAGE;
    return 0;
  }
  forwarded.kind = from === to ? EMPTY : readElement(text, from, to);
  return at - 1;
}

/** Whether an odd number of backslashes stands before `at` (RFC 9110, 5.6.4: quoted-pair). */
function isEscaped(text: string, at: number, floor: number): boolean {
  let start = at;
  while (start > floor && text.charCodeAt(start - 1) === BACKSLASH) start--;
  return (at - start) % 2 === 1;
}

/** forwarded-element = [ forwarded-pair ] *( ";" [ forwarded-pair ] ), no parameter twice (RFC 7239, 4), no white space inside. */
function readElement(text: string, from: number, to: number): typeof NODE | typeof GARBAGE | typeof SOMEBODY {
  let at = from;
  let seen = 0;
  let extensions = "";
  let nodeFrom = -1;
  let nodeTo = -1;
  let nodeEscaped = false;
  while (at < to) {
    if (text.charCodeAt(at) === SEMICOLON) {
      at++;
      continue;
    }
    const nameFrom = at;
    at = skipToken(text, at, to);
    const nameTo = at;
    if (nameTo === nameFrom || at === to || text.charCodeAt(at) !== EQUALS) return GARBAGE;
    at++;
    let valueFrom = at;
    let valueTo = at;
    let escaped = false;
    const quoted = at < to && text.charCodeAt(at) === QUOTE;
    if (quoted) {
      valueFrom = ++at;
      for (let code = 0; at < to && (code = text.charCodeAt(at)) !== QUOTE; at++) {
        if (code !== BACKSLASH) continue;
        escaped = true;
        at++;
      }
      if (at >= to) return GARBAGE;
      valueTo = at++;
    } else {
      at = skipToken(text, at, to);
      valueTo = at;
      if (valueTo === valueFrom) return GARBAGE;
    }
    if (at < to && text.charCodeAt(at) !== SEMICOLON) return GARBAGE;
    const bit = parameterBit(text, nameFrom, nameTo);
    if ((seen & bit) !== 0) return GARBAGE;
    seen |= bit;
    if (bit === FOR) {
      nodeFrom = valueFrom;
      nodeTo = valueTo;
      nodeEscaped = escaped;
    } else if (bit === 0) {
      const name = `;${text.slice(nameFrom, nameTo).toLowerCase()};`;
      if (extensions.includes(name)) return GARBAGE;
      extensions += name;
    }
  }
  if (nodeFrom < 0) return seen === 0 && extensions === "" ? GARBAGE : SOMEBODY;
  if (!nodeEscaped) return readForwardedNode(text, nodeFrom, nodeTo);
  const node = unescape(text.slice(nodeFrom, nodeTo));
  return readForwardedNode(node, 0, node.length);
}

function skipToken(text: string, from: number, to: number): number {
  let at = from;
  while (at < to) {
    const code = text.charCodeAt(at);
    if (code > 127 || TOKEN[code] !== 1) break;
    at++;
  }
  return at;
}

/** A bit for each registered parameter (RFC 7239, 5); 0 for an extension. Names are compared without regard to case. */
function parameterBit(text: string, from: number, to: number): number {
  switch (to - from) {
    case 2:
      return isNamed(text, from, "by") ? BY : 0;
    case 3:
      return isNamed(text, from, "for") ? FOR : 0;
    case 4:
      return isNamed(text, from, "host") ? HOST : 0;
    case 5:
      return isNamed(text, from, "proto") ? PROTO : 0;
  }
  return 0;
}

/** Whether the letters of `name`, in either case, stand at `from`. */
function isNamed(text: string, from: number, name: string): boolean {
  for (let index = 0; index < name.length; index++) {
    if ((text.charCodeAt(from + index) | 32) !== name.charCodeAt(index)) return false;
  }
  return true;
}

/** node = nodename [ ":" node-port ] (RFC 7239, 6): IPv4, bracketed IPv6, "unknown" or "_name", with a port or an obfuscated one. */
function readForwardedNode(text: string, from: number, to: number): typeof NODE | typeof GARBAGE | typeof SOMEBODY {
  forwarded.node = text;
  const first = text.charCodeAt(from);
  if (first === UNDERSCORE)
    return /^_[\w.-]+(?::(?:\d{1,5}|_[\w.-]+))?$/.test(text.slice(from, to)) ? SOMEBODY : GARBAGE;
  if ((first | 32) === 117)
    return /^unknown(?::(?:\d{1,5}|_[\w.-]+))?$/i.test(text.slice(from, to)) ? SOMEBODY : GARBAGE;
  if (!readNode(text, from, obfuscatedPortStart(text, from, to))) return GARBAGE;
  // IPv6 stands in brackets, which no token can hold: such a value was quoted.
  if (first !== OPEN_BRACKET && (found.family === 6 || found.mapped)) return GARBAGE;
  return NODE;
}

/** Where ":_name" begins at the end of the node (RFC 7239, 6.3), or `to`. Such a port names nobody's port. */
function obfuscatedPortStart(text: string, from: number, to: number): number {
  let at = to - 1;
  while (at > from) {
    const code = text.charCodeAt(at);
    if (code === COLON) return text.charCodeAt(at + 1) === UNDERSCORE && to - at > 2 ? at : to;
    if (code > 127 || TOKEN[code] !== 1) return to;
    at--;
  }
  return to;
}

function unescape(text: string): string {
  return text.replaceAll(/\\(.)/g, "$1");
}

/** The value of a parameter in text[from, to), an element that `readLastForwarded` took; without its quotes, undefined where it is not there. */
export function forwardedParameter(text: string, from: number, to: number, name: string): string | undefined {
  for (const [, key, string, token] of text.slice(from, to).matchAll(/([^=;]+)=(?:"((?:[^"\\]|\\.)*)"|([^;]*))/g)) {
    if (key?.toLowerCase() === name) return string === undefined ? token : unescape(string);
  }
  return undefined;
}
