import { isUnspecified, NO_PORT } from "../address/found.ts";
import { readAddress } from "../address/reader.ts";
import type { Carrier } from "../policy/carrier.ts";
import type { ConnectionClaim } from "../evidence/claim.ts";
import { CONNECTION_METHOD_BITS } from "../evidence/method.ts";
import { readHeaderClaim } from "./header-reader.ts";
import type { Rule } from "../policy/rule.ts";
import {
  ABSENT,
  ANONYMOUS,
  CLAIM,
  CONFLICT,
  CUT,
  LOST,
  MALFORMED,
  type Reading,
  SELF,
  SILENT,
  TOO_MANY,
  UNASKED,
  UNIX_HOP,
} from "./reading.ts";
import type { Headers } from "../evidence/evidence.ts";
import type { Trace } from "./trace.ts";
import { NO_SLOT, type Walk } from "./walk.ts";

/**
 * The next claim of a machine under `rule`. Connection claims come first: once a header was read the walk has left the connection,
 * and what a farther machine said about its own connections did not reach us.
 */
export function readNextClaim(walk: Walk, rule: Rule, trace: Trace | undefined): Reading {
  const { connection: methods, carrier } = rule;
  if (methods !== 0 && !walk.asked) {
    const reading = readConnectionClaim(walk, methods);
    if (reading !== ABSENT) return reading;
    // Where one range holds machines of both kinds, the one behind a heard claim is of the second kind.
    if ((walk.heard & methods) === 0) return LOST;
  }
  if (carrier === undefined) return methods === 0 || !walk.asked ? SILENT : LOST;
  const { headers } = walk;
  if (headers === undefined) return UNASKED;
  walk.asked = true;
  if (walk.isCut) return CUT;
  if (rule.appends.length > 0) {
    const passed = passAppended(walk, rule.appends, headers);
    if (passed !== CLAIM) return passed;
  }
  if (carrier.skip > 0) {
    for (let skipped = 0; skipped < carrier.skip; skipped++) {
      const reading = readHeaderClaim(walk, carrier, headers);
      if (reading !== CLAIM) return withoutPipe(reading);
      trace?.skipped(walk, rule);
    }
    const reading = readHeaderClaim(walk, carrier, headers);
    return reading === SILENT ? LOST : reading;
  }
  if (rule.agreeing.length > 0) return readAgreement(walk, rule.agreeing, carrier, headers);
  return readHeaderClaim(walk, carrier, headers);
}

/** The machine behind is named in these lists as well; that element is not a claim of the next machine. Where it is garbage, what stands left of it has no place. */
function passAppended(walk: Walk, appends: readonly Carrier[], headers: Headers): Reading {
  for (const carrier of appends) {
    const reading = readHeaderClaim(walk, carrier, headers);
    if (reading === MALFORMED || reading === TOO_MANY) return reading;
  }
  return CLAIM;
}

/** All of the headers name one address, or none of them is believed. The first of `all` is read last, so that the walk holds its claim. */
function readAgreement(walk: Walk, agreeing: readonly Carrier[], carrier: Carrier, headers: Headers): Reading {
  const { found } = walk;
  const first = withoutPipe(readHeaderClaim(walk, agreeing[0] as Carrier, headers));
  let silence = first;
  const { family, w0, w1, w2, w3 } = found;
  for (let index = 1; index <= agreeing.length; index++) {
    const reading = withoutPipe(readHeaderClaim(walk, agreeing[index] ?? carrier, headers));
    if (isSilence(reading) && isSilence(first)) {
      if (reading === ABSENT) silence = ABSENT;
      continue;
    }
    if (reading !== CLAIM) return isSilence(reading) ? CONFLICT : reading;
    const same = found.family === family && found.w0 === w0;
    if (first !== CLAIM || !same) return CONFLICT;
    if (family === 6 && (found.w1 !== w1 || found.w2 !== w2 || found.w3 !== w3)) return CONFLICT;
  }
  return silence;
}

/** A machine without an address agrees with none, and is none of the elements that are passed over. */
function withoutPipe(reading: Reading): Reading {
  return reading === UNIX_HOP ? ANONYMOUS : reading;
}

function isSilence(reading: Reading): boolean {
  return reading === SILENT || reading === ABSENT;
}

/** The next connection claim of one of `methods` (a mask); those before it were made by machines that do not say so, and are passed over. `ABSENT` where none is left. */
function readConnectionClaim(walk: Walk, methods: number): Reading {
  const { claims, found, element } = walk;
  let next = walk.taken;
  while (next < claims.length && (CONNECTION_METHOD_BITS[(claims[next] as ConnectionClaim).method] & methods) === 0)
    next++;
  if (next === claims.length) return ABSENT;
  const claim = claims[next] as ConnectionClaim;
  // Each is read once: a claim may make them when they are asked for.
  const { says, endpoint } = claim;
  const text = endpoint?.address ?? "";
  walk.taken = next + 1;
  walk.heard |= CONNECTION_METHOD_BITS[claim.method];
  walk.claim = claim;
  walk.claimPort = endpoint?.port ?? NO_PORT;
  walk.listSlot = NO_SLOT;
  walk.text = text;
  element.from = 0;
  element.to = text.length;
  switch (says) {
    case "address":
      return readAddress(found, text, 0, text.length) && !isUnspecified(found) ? CLAIM : MALFORMED;
    case "self":
      return SELF;
    case "unknown":
      return ANONYMOUS;
    case "malformed":
      return claim.rivals === undefined ? MALFORMED : CONFLICT;
  }
}
