import { found, foundUnspecified, readAddress, readNode, readNodeWithLastColon } from "./address-reader.ts";
import { type Carrier, CONNECTION_METHOD_BITS, type HeaderForm } from "./carrier.ts";
import type { ConnectionClaim } from "./claim.ts";
import { type Connection, type Headers, headerText } from "./evidence.ts";
import type { Rule } from "./policy.ts";
import type { Trace } from "./trace.ts";
import { element, EMPTY, NODE, readLastElement, skipSpaceAfter, skipSpaceBefore } from "./wire/x-forwarded-for.ts";

/** Most list elements that one walk reads, empty ones included (RFC 9110, 5.6.1.2: "a reasonable number of empty list elements"). */
export const ELEMENT_LIMIT = 64;
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
  /** List elements looked at. */
  elements: number;
} = { text: "", from: 0, to: 0, claim: undefined, carrier: undefined, taken: 0, heard: 0, speakers: 0, elements: 0 };

/** For each header slot: where the next element ends; `UNREAD` before the first, 0 or less when nothing is left. */
const positions = new Int32Array(32);
const UNREAD = 0x7fff_ffff;

/** The list that `reader.text` holds, so that a walk along one list looks it up once. */
const NO_SLOT = -1;
let listSlot = NO_SLOT;

export function startReading(slots: number): void {
  for (let slot = 0; slot < slots; slot++) positions[slot] = UNREAD;
  reader.taken = 0;
  reader.heard = 0;
  reader.speakers = 0;
  reader.elements = 0;
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
  if (methods !== 0 && reader.speakers === 0) {
    const reading = readConnectionClaim(connection.claims, methods);
    if (reading !== SILENT) return reading;
    // Where one range holds machines of both kinds, the one behind a heard claim is of the second kind.
    if ((reader.heard & methods) === 0) return LOST;
  }
  if (carrier === undefined) return methods === 0 || reader.speakers === 0 ? SILENT : LOST;
  if (headers === undefined) return UNASKED;
  reader.speakers++;
  reader.claim = undefined;
  if (rule.appends.length > 0) passAppended(rule.appends, headers);
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

/** The machine behind is named in these lists as well; that element is not a claim of the next machine. */
function passAppended(appends: readonly Carrier[], headers: Headers): void {
  for (const carrier of appends) readHeaderClaim(carrier, headers);
}

/** All of the headers name one address, or none of them is believed. */
function readAgreement(agreeing: readonly Carrier[], carrier: Carrier, headers: Headers): Reading {
  const first = readHeaderClaim(carrier, headers);
  const { family, w0, w1, w2, w3 } = found;
  const { text, from, to } = reader;
  for (const other of agreeing) {
    const reading = readHeaderClaim(other, headers);
    if (reading === SILENT && first === SILENT) continue;
    if (reading !== CLAIM) return reading === SILENT ? CONFLICT : reading;
    const same = found.family === family && found.w0 === w0;
    if (first !== CLAIM || !same) return CONFLICT;
    if (family === 6 && (found.w1 !== w1 || found.w2 !== w2 || found.w3 !== w3)) return CONFLICT;
  }
  if (first !== CLAIM) return first;
  reader.carrier = carrier;
  reader.text = text;
  reader.from = from;
  reader.to = to;
  readByForm(carrier.form, text, from, to);
  return CLAIM;
}

/** The next connection claim of one of `methods` (a mask); those before it were made by machines that do not say so, and are passed over. */
function readConnectionClaim(claims: readonly ConnectionClaim[], methods: number): Reading {
  let next = reader.taken;
  while (next < claims.length && (CONNECTION_METHOD_BITS[(claims[next] as ConnectionClaim).method] & methods) === 0) next++;
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
  reader.carrier = carrier;
  return carrier.form === "list" ? readListClaim(carrier, headers) : readSingleClaim(carrier, headers);
}

function readListClaim(carrier: Carrier, headers: Headers): Reading {
  const { slot } = carrier;
  if (slot !== listSlot) {
    listSlot = slot;
    reader.text = headerText(headerOf(headers, carrier.header)) ?? "";
  }
  const { text } = reader;
  let end = positions[slot] as number;
  if (end === UNREAD) end = text.length;
  do {
    if (end <= 0) {
      positions[slot] = 0;
      return SILENT;
    }
    if (++reader.elements > ELEMENT_LIMIT) return TOO_MANY;
    end = readLastElement(text, end);
  } while (element.kind === EMPTY);
  positions[slot] = end;
  reader.from = element.from;
  reader.to = element.to;
  return element.kind === NODE && !foundUnspecified() ? CLAIM : MALFORMED;
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
