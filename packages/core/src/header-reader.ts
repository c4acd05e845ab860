import { foundUnspecified, readNode, readNodeWithLastColon } from "./address-reader.ts";
import type { Carrier, HeaderForm } from "./carrier.ts";
import { fieldLines, type Headers, headerText } from "./evidence.ts";
import { ANONYMOUS, CLAIM, CONFLICT, MALFORMED, reader, type Reading, SILENT, TOO_MANY } from "./reading.ts";
import { forwarded, readLastForwarded, SOMEBODY } from "./wire/forwarded.ts";
import {
  element,
  EMPTY,
  GARBAGE,
  NODE,
  readLastElement,
  skipSpaceAfter,
  skipSpaceBefore,
} from "./wire/x-forwarded-for.ts";

/** Most list elements that one walk reads, empty ones included (RFC 9110, 5.6.1.2: "a reasonable number of empty list elements"). */
export const ELEMENT_LIMIT = 64;
/**
 * Most characters of lists that one walk reads: `HOP_LIMIT` of the longest IPv4 addresses, a dozen of the longest IPv6 ones with brackets and port, six Forwarded
 * elements with `for`, `by`, `host` and `proto`. Real paths have two to five machines.
 */
export const LIST_LIMIT = 512;
/** Longest single-value header that is looked at, in characters: an address and generous white space. */
const SINGLE_VALUE_LIMIT = 256;

/** For each header slot: where the next element ends; `UNREAD` before the first, 0 or less when nothing is left. */
const positions = new Int32Array(32);
const UNREAD = 0x7fff_ffff;

/** The list that `reader.text` holds, so that a walk along one list looks it up once. */
const NO_SLOT = -1;
let listSlot = NO_SLOT;

/** Elements and characters of lists that this walk has looked at. */
let elements = 0;
let characters = 0;

export function startHeaders(slots: number): void {
  for (let slot = 0; slot < slots; slot++) positions[slot] = UNREAD;
  elements = 0;
  characters = 0;
  listSlot = NO_SLOT;
}

/** `reader.text` holds something else now. */
export function leaveList(): void {
  listSlot = NO_SLOT;
}

/** What the machine where the walk stands said in this header. Every list and every single value is read once on a walk. */
export function readHeaderClaim(carrier: Carrier, headers: Headers): Reading {
  switch (carrier.form) {
    case "list":
      return readListClaim(carrier, headers);
    case "forwarded":
      return readForwardedClaim(carrier, headers);
    case "address":
    case "address:port":
      return readSingleClaim(carrier, headers);
  }
}

/** The same for a comma list alone. */
export function readListClaim(carrier: Carrier, headers: Headers): Reading {
  const { slot } = carrier;
  if (slot !== listSlot) {
    listSlot = slot;
    reader.carrier = carrier;
    reader.claim = undefined;
    reader.text = headerText(headerOf(headers, carrier.header)) ?? "";
  }
  const { text } = reader;
  let end = positions[slot] as number;
  if (end === UNREAD) end = text.length;
  const first = end;
  do {
    if (end <= 0) {
      positions[slot] = 0;
      return SILENT;
    }
    if (++elements > ELEMENT_LIMIT || characters > LIST_LIMIT) return TOO_MANY;
    end = readLastElement(text, end);
  } while (element.kind === EMPTY);
  positions[slot] = end;
  characters += first - end;
  return element.kind === NODE && !foundUnspecified() ? CLAIM : MALFORMED;
}

function readForwardedClaim(carrier: Carrier, headers: Headers): Reading {
  const { slot } = carrier;
  if (slot !== listSlot) {
    listSlot = slot;
    reader.carrier = carrier;
    reader.claim = undefined;
    reader.text = fieldLines(carrier.header, headers[carrier.header], reader.rawHeaders) ?? "";
  }
  const { text } = reader;
  let end = positions[slot] as number;
  if (end === UNREAD) end = text.length;
  const first = end;
  do {
    if (end <= 0) {
      positions[slot] = 0;
      return SILENT;
    }
    if (++elements > ELEMENT_LIMIT || characters > LIST_LIMIT) return TOO_MANY;
    end = readLastForwarded(text, end);
  } while (forwarded.kind === EMPTY);
  positions[slot] = end;
  characters += first - end;
  element.from = forwarded.from;
  element.to = forwarded.to;
  if (forwarded.kind === SOMEBODY) return ANONYMOUS;
  if (forwarded.kind === GARBAGE || foundUnspecified()) return MALFORMED;
  if (forwarded.node !== text) {
    // The node was written with quoted pairs: `found` speaks of the text without them.
    listSlot = NO_SLOT;
    reader.text = forwarded.node;
    element.from = 0;
    element.to = forwarded.node.length;
  }
  return CLAIM;
}

/** `headers[name]`. The engine looks up a literal name far quicker than a computed one, and this is the name that most walks ask for. */
function headerOf(headers: Headers, name: string): string | readonly string[] | undefined {
  return name === "x-forwarded-for" ? headers["x-forwarded-for"] : headers[name];
}

function readSingleClaim(carrier: Carrier, headers: Headers): Reading {
  if (positions[carrier.slot] !== UNREAD) return SILENT;
  positions[carrier.slot] = 0;
  const text = headerText(headers[carrier.header]);
  if (text === undefined) return SILENT;
  listSlot = NO_SLOT;
  reader.carrier = carrier;
  reader.claim = undefined;
  reader.text = text;
  element.from = 0;
  element.to = text.length;
  if (text.length > SINGLE_VALUE_LIMIT) return MALFORMED;
  // Two lines, or a list where one value belongs: somebody else wrote a part of it, and nothing tells which.
  if (text.indexOf(",") >= 0) return CONFLICT;
  const from = skipSpaceAfter(text, 0, text.length);
  const to = skipSpaceBefore(text, from, text.length);
  if (from === to) return SILENT;
  element.from = from;
  element.to = to;
  return readByForm(carrier.form, text, from, to) && !foundUnspecified() ? CLAIM : MALFORMED;
}

function readByForm(form: HeaderForm, text: string, from: number, to: number): boolean {
  return form === "address:port" ? readNodeWithLastColon(text, from, to) : readNode(text, from, to);
}
