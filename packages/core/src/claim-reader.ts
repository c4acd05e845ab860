import { found, foundUnspecified, readAddress, readNode, readNodeWithLastColon } from "./address-reader.ts";
import { type Carrier, CONNECTION_METHOD_BITS, type HeaderForm } from "./carrier.ts";
import type { ConnectionClaim } from "./claim.ts";
import { type Connection, fieldLines, type Headers, headerText } from "./evidence.ts";
import type { Rule } from "./policy.ts";
import type { Trace } from "./trace.ts";
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
/** Most characters of lists that one walk reads: `HOP_LIMIT` of the longest IPv4 addresses, or a dozen of the longest IPv6 ones with brackets and port. */
const LIST_LIMIT = 512;
/** Most characters of Forwarded fields that one walk reads, elements being longer than addresses: a dozen with `for`, `by`, `host` and `proto`. */
const FORWARDED_LIMIT = 1024;
/** Longest single-value header that is looked at, in characters: an address and generous white space. */
const SINGLE_VALUE_LIMIT = 256;

/** What a machine said next. With `CLAIM` the address is in `found`, and `reader` tells where it stood. */
export const CLAIM = 0;
/** It said nothing more: no header, an empty one, or a list that is used up. */
export const SILENT = 1;
/** It says something about every connection, and this connection has nothing of it. */
export const LOST = 2;
/** It says a header, and there is no request yet. */
export const UNASKED = 3;
export const MALFORMED = 4;
export const ANONYMOUS = 5;
export const CONFLICT = 6;
export const SELF = 7;
export const TOO_MANY = 8;
export type Reading =
  | typeof CLAIM
  | typeof SILENT
  | typeof LOST
  | typeof UNASKED
  | typeof MALFORMED
  | typeof ANONYMOUS
  | typeof CONFLICT
  | typeof SELF
  | typeof TOO_MANY;

/**
 * How far one walk has read. One object for all walks: a walk is synchronous and runs no foreign code, and `startReading` forgets the last one.
 * `text`, `from` and `to` are the claim that was read last; it came from `claim`, or else from `carrier`.
 */
export const reader: {
  text: string;
  from: number;
  to: number;
  claim: ConnectionClaim | undefined;
  carrier: Carrier | undefined;
  /** Connection claims taken or passed over, and the methods that rules have heard so far. */
  taken: number;
  heard: number;
  /** How many machines were asked for a header. */
  speakers: number;
  /** List elements looked at, and characters of Forwarded fields. */
  elements: number;
  characters: number;
  rawHeaders: readonly string[] | undefined;
} = {
  text: "",
  from: 0,
  to: 0,
  claim: undefined,
  carrier: undefined,
  taken: 0,
  heard: 0,
  speakers: 0,
  elements: 0,
  characters: 0,
  rawHeaders: undefined,
};

/** For each header slot: where the next element ends; `UNREAD` before the first, 0 or less when nothing is left. */
const positions = new Int32Array(32);
const UNREAD = 0x7fff_ffff;

/** The list that `reader.text` holds, so that a walk along one list looks it up once. */
const NO_SLOT = -1;
let listSlot = NO_SLOT;

export function startReading(slots: number, rawHeaders: readonly string[] | undefined): void {
  for (let slot = 0; slot < slots; slot++) positions[slot] = UNREAD;
  reader.taken = 0;
  reader.heard = 0;
  reader.speakers = 0;
  reader.elements = 0;
  reader.characters = 0;
  reader.rawHeaders = rawHeaders;
  reader.claim = undefined;
  reader.carrier = undefined;
  listSlot = NO_SLOT;
}

/**
 * The next claim of a machine under `rule`. Connection claims come first: once a header was read the walk has left the connection,
 * and what a farther machine said about its own connections did not reach us.
 */
export function readNextClaim(
  rule: Rule,
  connection: Connection,
  headers: Headers | undefined,
  trace: Trace | undefined,
): Reading {
  const { connection: methods, carrier } = rule;
  if (rule.isPlainList && carrier !== undefined && headers !== undefined) {
    reader.speakers++;
    return readListClaim(carrier, headers);
  }
  if (methods !== 0 && reader.speakers === 0) {
    const reading = readConnectionClaim(connection.claims, methods);
    if (reading !== SILENT) return reading;
    // Where one range holds machines of both kinds, the one behind a heard claim is of the second kind.
    if ((reader.heard & methods) === 0) return LOST;
  }
  if (carrier === undefined) return methods === 0 || reader.speakers === 0 ? SILENT : LOST;
  if (headers === undefined) return UNASKED;
  reader.speakers++;
  if (rule.appends.length > 0) {
    const passed = passAppended(rule.appends, headers);
    if (passed !== CLAIM) return passed;
  }
  if (carrier.skip > 0) {
    for (let skipped = 0; skipped < carrier.skip; skipped++) {
      const reading = readHeaderClaim(carrier, headers);
      if (reading !== CLAIM) return reading;
      trace?.skipped(rule);
    }
    const reading = readHeaderClaim(carrier, headers);
    return reading === SILENT ? LOST : reading;
  }
  if (rule.agreeing.length > 0) return readAgreement(rule.agreeing, carrier, headers);
  return readHeaderClaim(carrier, headers);
}

/** The machine behind is named in these lists as well; that element is not a claim of the next machine. Where it is no address, nothing left of it is reached. */
function passAppended(appends: readonly Carrier[], headers: Headers): Reading {
  for (const carrier of appends) {
    const reading = readListClaim(carrier, headers);
    if (reading !== CLAIM && reading !== SILENT) return reading;
  }
  return CLAIM;
}

/** All of the headers name one address, or none of them is believed. The first of `all` is read last, so that `found` and `reader` hold its claim. */
function readAgreement(agreeing: readonly Carrier[], carrier: Carrier, headers: Headers): Reading {
  const first = readHeaderClaim(agreeing[0] as Carrier, headers);
  const { family, w0, w1, w2, w3 } = found;
  for (let index = 1; index <= agreeing.length; index++) {
    const reading = readHeaderClaim(agreeing[index] ?? carrier, headers);
    if (reading === SILENT && first === SILENT) continue;
    if (reading !== CLAIM) return reading === SILENT ? CONFLICT : reading;
    const same = found.family === family && found.w0 === w0;
    if (first !== CLAIM || !same) return CONFLICT;
    if (family === 6 && (found.w1 !== w1 || found.w2 !== w2 || found.w3 !== w3)) return CONFLICT;
  }
  return first;
}

/** The next connection claim of one of `methods` (a mask); those before it were made by machines that do not say so, and are passed over. */
function readConnectionClaim(claims: readonly ConnectionClaim[], methods: number): Reading {
  let next = reader.taken;
  while (next < claims.length && (CONNECTION_METHOD_BITS[(claims[next] as ConnectionClaim).method] & methods) === 0)
    next++;
  if (next === claims.length) return SILENT;
  const claim = claims[next] as ConnectionClaim;
  reader.taken = next + 1;
  reader.heard |= methods;
  reader.claim = claim;
  listSlot = NO_SLOT;
  reader.text = claim.endpoint?.address ?? "";
  reader.from = 0;
  reader.to = reader.text.length;
  switch (claim.says) {
    case "address":
      return readAddress(reader.text, 0, reader.to) && !foundUnspecified() ? CLAIM : MALFORMED;
    case "self":
      return SELF;
    case "unknown":
      return ANONYMOUS;
    case "malformed":
      return MALFORMED;
  }
}

/** What the machine where the walk stands said in this header. Every list and every single value is read once on a walk. */
function readHeaderClaim(carrier: Carrier, headers: Headers): Reading {
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

function readListClaim(carrier: Carrier, headers: Headers): Reading {
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
    if (++reader.elements > ELEMENT_LIMIT || reader.characters > LIST_LIMIT) return TOO_MANY;
    end = readLastElement(text, end);
  } while (element.kind === EMPTY);
  positions[slot] = end;
  reader.characters += first - end;
  reader.from = element.from;
  reader.to = element.to;
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
    if (++reader.elements > ELEMENT_LIMIT || reader.characters > FORWARDED_LIMIT) return TOO_MANY;
    end = readLastForwarded(text, end);
  } while (forwarded.kind === EMPTY);
  positions[slot] = end;
  reader.characters += first - end;
  reader.from = forwarded.from;
  reader.to = forwarded.to;
  if (forwarded.kind === SOMEBODY) return ANONYMOUS;
  if (forwarded.kind === GARBAGE || foundUnspecified()) return MALFORMED;
  if (forwarded.node !== text) {
    // The node was written with quoted pairs: `found` speaks of the text without them.
    listSlot = NO_SLOT;
    reader.text = forwarded.node;
    reader.from = 0;
    reader.to = forwarded.node.length;
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
  reader.from = 0;
  reader.to = text.length;
  if (text.length > SINGLE_VALUE_LIMIT) return MALFORMED;
  // Two lines, or a list where one value belongs: somebody else wrote a part of it, and nothing tells which.
  if (text.indexOf(",") >= 0) return CONFLICT;
  const from = skipSpaceAfter(text, 0, text.length);
  const to = skipSpaceBefore(text, from, text.length);
  if (from === to) return SILENT;
  reader.from = from;
  reader.to = to;
  return readByForm(carrier.form, text, from, to) && !foundUnspecified() ? CLAIM : MALFORMED;
}

function readByForm(form: HeaderForm, text: string, from: number, to: number): boolean {
  return form === "address:port" ? readNodeWithLastColon(text, from, to) : readNode(text, from, to);
}
