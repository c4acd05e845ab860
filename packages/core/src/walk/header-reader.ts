import { isUnspecified } from "../address/found.ts";
import { readNode, readNodeWithLastColon } from "../address/node.ts";
import type { Carrier } from "../policy/carrier.ts";
import { fieldLines, fieldText, type Headers, headerText } from "../evidence/evidence.ts";
import { ABSENT, ANONYMOUS, CLAIM, CONFLICT, MALFORMED, type Reading, SILENT, TOO_MANY, UNIX_HOP } from "./reading.ts";
import { NO_SLOT, UNREAD, type Walk } from "./walk.ts";
import { readLastForwarded } from "../wire/http/forwarded.ts";
import {
  EMPTY,
  GARBAGE,
  NODE,
  PIPE,
  readLastElement,
  skipSpaceAfter,
  skipSpaceBefore,
  OBFUSCATED,
} from "../wire/http/list.ts";

/** Most list elements that one walk reads, empty ones included (RFC 9110, 5.6.1.2: "a reasonable number of empty list elements"). */
export const ELEMENT_LIMIT = 64;
/**
 * Most characters of lists that one walk reads: `HOP_LIMIT` of the longest IPv4 addresses, a dozen of the longest IPv6 ones with brackets and port, six Forwarded
 * elements with `for`, `by`, `host` and `proto`. Real paths have two to five machines.
 */
export const LIST_LIMIT = 512;
/** Longest single-value header that is looked at, in characters: an address and generous white space. */
const SINGLE_VALUE_LIMIT = 256;

/** What the machine where the walk stands said in this header. Every list and every single value is read once on a walk. */
export function readHeaderClaim(walk: Walk, carrier: Carrier, headers: Headers): Reading {
  return carrier.isList ? readListClaim(walk, carrier, headers) : readSingleClaim(walk, carrier, headers);
}

/** The same for a list alone: X-Forwarded-For and its like, or Forwarded. */
export function readListClaim(walk: Walk, carrier: Carrier, headers: Headers): Reading {
  const { slot } = carrier;
  if (slot !== walk.listSlot) {
    const text = listText(walk, carrier, headers);
    walk.listSlot = slot;
    walk.carrier = carrier;
    walk.claim = undefined;
    walk.text = text;
  }
  const { text, element, positions } = walk;
  const isForwarded = carrier.form === "forwarded";
  let end = positions[slot] as number;
  const isUnread = end === UNREAD;
  if (isUnread) end = text.length;
  const first = end;
  do {
    if (end <= 0) {
      // A machine that asks for the same list later finds it as absent as this one did.
      if (isUnread) return ABSENT;
      positions[slot] = 0;
      return SILENT;
    }
    if (++walk.elements > ELEMENT_LIMIT || walk.characters > LIST_LIMIT) return TOO_MANY;
    end = isForwarded ? readLastForwarded(element, text, end) : readLastElement(element, text, end);
  } while (element.kind === EMPTY);
  positions[slot] = end;
  walk.characters += first - end;
  if (element.kind === OBFUSCATED) return ANONYMOUS;
  if (element.kind === PIPE) return UNIX_HOP;
  if (element.kind === GARBAGE) return MALFORMED;
  // Varnish writes 0.0.0.0 for a client without an address.
  if (isUnspecified(element.found)) return element.found.family === 4 && !element.found.mapped ? ANONYMOUS : MALFORMED;
  if (isForwarded && element.node !== text) {
    // The node was written with quoted pairs: `found` speaks of the text without them.
    walk.listSlot = NO_SLOT;
    walk.text = element.node;
    element.from = 0;
    element.to = element.node.length;
  }
  return CLAIM;
}

/** The engine looks up a literal name far quicker than a computed one, and the first is the name that most walks ask for. */
function listText(walk: Walk, carrier: Carrier, headers: Headers): string {
  const { header } = carrier;
  if (header === "x-forwarded-for") return headerText(headers["x-forwarded-for"]) ?? "";
  if (carrier.form === "forwarded") return fieldLines(header, headers[header], walk.rawHeaders) ?? "";
  return fieldText(header, carrier.isFirstLine, headers, walk.rawHeaders) ?? "";
}

function readSingleClaim(walk: Walk, carrier: Carrier, headers: Headers): Reading {
  const { slot, header } = carrier;
  const { element, positions } = walk;
  if (positions[slot] !== UNREAD) return SILENT;
  positions[slot] = 0;
  const text = fieldText(header, carrier.isFirstLine, headers, walk.rawHeaders);
  if (text === undefined) return ABSENT;
  walk.listSlot = NO_SLOT;
  walk.carrier = carrier;
  walk.claim = undefined;
  walk.text = text;
  element.from = 0;
  element.to = text.length;
  if (text.length > SINGLE_VALUE_LIMIT) return MALFORMED;
  // Two lines, or a list where one value belongs: another machine wrote a part of it, and nothing tells which.
  if (text.includes(",")) return CONFLICT;
  const from = skipSpaceAfter(text, 0, text.length);
  const to = skipSpaceBefore(text, from, text.length);
  if (from === to) return ABSENT;
  element.from = from;
  element.to = to;
  const { found } = element;
  const isNode =
    carrier.form === "address:port" ? readNodeWithLastColon(found, text, from, to) : readNode(found, text, from, to);
  element.kind = isNode ? NODE : GARBAGE;
  return isNode && !isUnspecified(found) ? CLAIM : MALFORMED;
}
