import { found, foundUnspecified, readAddress } from "./address-reader.ts";
import { type Carrier, CONNECTION_METHOD_BITS } from "./carrier.ts";
import type { ConnectionClaim } from "./claim.ts";
import type { Connection, Headers } from "./evidence.ts";
import { leaveList, readHeaderClaim, startHeaders } from "./header-reader.ts";
import type { Rule } from "./policy.ts";
import {
  ANONYMOUS,
  CLAIM,
  CONFLICT,
  LOST,
  MALFORMED,
  reader,
  type Reading,
  SELF,
  SILENT,
  TOO_MANY,
  UNASKED,
} from "./reading.ts";
import type { Trace } from "./trace.ts";
import { element } from "./wire/x-forwarded-for.ts";

/** Begins a walk: nothing was read yet. (`reader.asked` is the walk's to reset, also where it never gets here.) */
export function startReading(slots: number, rawHeaders: readonly string[] | undefined): void {
  startHeaders(slots);
  reader.taken = 0;
  reader.heard = 0;
  reader.rawHeaders = rawHeaders;
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
  if (methods !== 0 && !reader.asked) {
    const reading = readConnectionClaim(connection.claims, methods);
    if (reading !== SILENT) return reading;
    // Where one range holds machines of both kinds, the one behind a heard claim is of the second kind.
    if ((reader.heard & methods) === 0) return LOST;
  }
  if (carrier === undefined) return methods === 0 || !reader.asked ? SILENT : LOST;
  if (headers === undefined) return UNASKED;
  reader.asked = true;
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

/** The machine behind is named in these lists as well; that element is not a claim of the next machine. Where it is garbage, what stands left of it has no place. */
function passAppended(appends: readonly Carrier[], headers: Headers): Reading {
  for (const carrier of appends) {
    const reading = readHeaderClaim(carrier, headers);
    if (reading === MALFORMED || reading === TOO_MANY) return reading;
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
  leaveList();
  reader.text = claim.endpoint?.address ?? "";
  element.from = 0;
  element.to = reader.text.length;
  switch (claim.says) {
    case "address":
      return readAddress(reader.text, 0, reader.text.length) && !foundUnspecified() ? CLAIM : MALFORMED;
    case "self":
      return SELF;
    case "unknown":
      return ANONYMOUS;
    case "malformed":
      return MALFORMED;
  }
}
