import { FoundAddress, NODE_LIMIT } from "../../address/found.ts";
import { readDressedBefore, readNode, readNodeBefore } from "../../address/node.ts";
import { readAddressBefore } from "../../address/scan.ts";

const TAB = 9;
const SPACE = 32;
const COMMA = 44;

/** What stood in an element: nothing (RFC 9110, 5.6.1.2 lets senders do that), an address with or without a port, or something else. */
export const EMPTY = 0;
export const NODE = 1;
export const GARBAGE = 2;

/** An honest statement that the address is not told: `unknown` (Squid's `forwarded_for off`), RFC 7239's obfuscated identifiers, an element without `for` (4 and 6). */
export const OBFUSCATED = 3;

/** A machine at the other end of a Unix socket, which has no address: nginx writes `unix:`. */
export const PIPE = 4;

/** The kind of what is no address and tells why; `GARBAGE` for everything else. */
export function namelessKind(text: string, from: number, to: number): typeof OBFUSCATED | typeof PIPE | typeof GARBAGE {
  if (to - from === 5 && text.startsWith("unix:", from)) return PIPE;
  return to - from === 7 && text.slice(from, to).toLowerCase() === "unknown" ? OBFUSCATED : GARBAGE;
}

/** The list element that a reader of lists read last, without the white space around it. Its address is in `found` where `kind` is `NODE`. */
export class ListElement {
  kind: typeof EMPTY | typeof NODE | typeof GARBAGE | typeof OBFUSCATED | typeof PIPE = EMPTY;
  from = 0;
  to = 0;
  readonly found: FoundAddress = new FoundAddress();
  /** The text that `found` was read from, where it is not the list's own: a Forwarded node that was written with quoted pairs. */
  node = "";
  /** What is odd about an element of Forwarded that counts all the same: bits of `FORWARDED_ODDITIES`. */
  odd = 0;
}

/**
 * Reads the last element of the comma list text[0, end) into `element`, and returns where the list before it ends; less than 1 when this was the first.
 * White space is SP and HTAB alone (RFC 9110, 5.6.3): a no-break space makes an address no address. An element longer than any address is garbage,
 * and what stands left of its last `NODE_LIMIT` characters is not looked at.
 */
export function readLastElement(element: ListElement, text: string, end: number): number {
  const floor = end > NODE_LIMIT ? end - NODE_LIMIT : 0;
  const start = readAddressBefore(element.found, text, floor, end);
  element.to = end;
  if (start >= 0) {
    const { before } = element.found;
    if (before === COMMA || start === 0) {
      element.kind = NODE;
      element.from = start;
      return start - 1;
    }
    if (before === SPACE && start > 1 && text.charCodeAt(start - 2) === COMMA) {
      element.kind = NODE;
      element.from = start;
      return start - 2;
    }
  }
  return readOddElement(element, text, floor, end);
}

/** White space on the right, nothing at all, a port, brackets; still in one pass from the right. */
function readOddElement(element: ListElement, text: string, floor: number, end: number): number {
  const to = skipSpaceBefore(text, floor, end);
  element.to = to;
  element.from = to;
  if (to === floor) {
    element.kind = floor === 0 ? EMPTY : GARBAGE;
    return 0;
  }
  if (text.charCodeAt(to - 1) === COMMA) {
    element.kind = EMPTY;
    return to - 1;
  }
  // Where nothing was trimmed, it is known already that no bare address ends here.
  const start =
    to < end ? readNodeBefore(element.found, text, floor, to) : readDressedBefore(element.found, text, floor, to);
  if (start >= 0) {
    const left = skipSpaceBefore(text, floor, start);
    if (left === 0 || (left > floor && text.charCodeAt(left - 1) === COMMA)) {
      element.kind = NODE;
      element.from = start;
      return left - 1;
    }
  }
  return readWholeElement(element, text, floor, to);
}

/** A zone, a word for a machine without an address, or garbage: here the comma is looked for first. */
function readWholeElement(element: ListElement, text: string, floor: number, to: number): number {
  let comma = to - 1;
  while (comma >= floor && text.charCodeAt(comma) !== COMMA) comma--;
  if (comma < floor && floor > 0 && text.charCodeAt(comma) !== COMMA) {
    element.from = floor;
    element.kind = GARBAGE;
    return 0;
  }
  const from = skipSpaceAfter(text, comma + 1, to);
  element.from = from;
  element.kind = readNode(element.found, text, from, to) ? NODE : namelessKind(text, from, to);
  return comma;
}

/** Where the white space that ends at `end` begins, not looking left of `floor`. */
export function skipSpaceBefore(text: string, floor: number, end: number): number {
  let at = end;
  while (at > floor) {
    const code = text.charCodeAt(at - 1);
    if (code !== SPACE && code !== TAB) break;
    at--;
  }
  return at;
}

/** Where the white space that begins at `from` ends. */
export function skipSpaceAfter(text: string, from: number, end: number): number {
  let at = from;
  while (at < end) {
    const code = text.charCodeAt(at);
    if (code !== SPACE && code !== TAB) break;
    at++;
  }
  return at;
}
