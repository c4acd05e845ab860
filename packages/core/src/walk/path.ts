import { isUnspecified, NO_PORT, NODE_LIMIT } from "../address/found.ts";
import { readAddress } from "../address/reader.ts";
import { readAddressBefore } from "../address/scan.ts";
import { foundText } from "../address/text.ts";
import type { Carrier } from "../policy/carrier.ts";
import type { Distrust, Stop } from "../evidence/claim.ts";
import { readNextClaim } from "./claim-reader.ts";
import type { Connection, Headers } from "../evidence/evidence.ts";
import { readListClaim } from "./header-reader.ts";
import { HOP_LIMIT } from "../options/limits.ts";
import type { PeerMemory } from "../evidence/peer-memory.ts";
import { type Match, NO_MATCH, ownerOf } from "../prefix/match.ts";
import type { Policy } from "../policy/policy.ts";
import type { Rule, Silence } from "../policy/rule.ts";
import * as reading from "./reading.ts";
import type { Trace } from "./trace.ts";
import type { Walk } from "./walk.ts";

/** Whether a walk that ended so has proven the address that it returned to be the client's. */
export function isProven(stop: Stop): boolean {
  return stop === "untrusted-hop" || stop === "path-exhausted";
}

/**
 * The one way from the physical peer outwards, claim by claim, as long as the machine that makes the claim is believed.
 * Returns the canonical address of the farthest machine that could be verified, which is the client's if `isProven(walk.stop)`; `walk` holds the rest.
 * With a `trace` every hop is recorded; nothing else differs. Never throws by itself; looks at `HOP_LIMIT` machines and `ELEMENT_LIMIT` list elements at most.
 */
export function followPath(
  walk: Walk,
  connection: Connection,
  headers: Headers | undefined,
  policy: Policy,
  trace: Trace | undefined,
  rawHeaders: readonly string[] | undefined,
  headersCutAt: number | undefined,
): string | undefined {
  const { found } = walk;
  const { transport, peer, peerPort, memory } = connection;
  walk.start(policy);
  walk.headers = headers;
  walk.rawHeaders = rawHeaders;
  walk.isCut = headersCutAt !== undefined;
  walk.claims = connection.claims;
  walk.method = "socket";
  walk.port = peerPort ?? NO_PORT;
  let source = "";
  let rule: Rule | undefined;
  let match: Match | undefined;
  if (transport === "unix" || transport === "unverified") {
    rule = policy.rules[transport === "unix" ? policy.unixRule : policy.unverifiedRule];
  } else {
    // Nearly every peer is bare; only a zone takes the longer way.
    const isRead =
      peer !== undefined &&
      ((peer.length <= NODE_LIMIT && readAddressBefore(found, peer, 0, peer.length) === 0) ||
        readAddress(found, peer, 0, peer.length));
    if (!isRead || isUnspecified(found)) {
      trace?.peer(walk, connection, undefined, undefined, "not-an-address");
      return finish(walk, "no-peer", policy, "");
    }
    source = peer;
    match = memory === undefined ? policy.peers.match(found, peer) : recall(walk, memory, peer, policy);
    rule = policy.rules[ownerOf(match)];
  }
  let from = found.from;
  let to = found.to;
  /** Whether the walk stands at a claimed machine behind a Unix socket; `source` is that of the machine before it. */
  let isAtPipe = false;
  const peerDoubt = distrust(walk, rule, connection, true);
  trace?.peer(walk, connection, rule, match, peerDoubt);
  if (rule === undefined || peerDoubt !== undefined) {
    return finish(walk, stopAtDoubt(walk, rule, peerDoubt), policy, source);
  }
  walk.believed[walk.depth++] = rule;

  for (let machines = 1; ; machines++) {
    let said: reading.Reading;
    if (rule.plainList !== undefined && headers !== undefined && !walk.isCut) {
      // Most rules are such: what `readNextClaim` would do, without asking for what they do not have. 3 % of a walk (median of 20 bench rows on a busy machine, of -5 to 13 %).
      walk.asked = true;
      said = readListClaim(walk, rule.plainList, headers);
    } else said = readNextClaim(walk, rule, trace);
    if (said === reading.UNIX_HOP && machines !== HOP_LIMIT && machines !== policy.hops) {
      const pipe: Rule | undefined = enterPipe(walk, connection, policy, trace);
      if (pipe !== undefined) {
        rule = pipe;
        isAtPipe = true;
        continue;
      }
    }
    const { claim, carrier } = walk;
    if (said !== reading.CLAIM || machines === HOP_LIMIT) {
      trace?.refused(walk, said);
      readAddress(found, source, from, to);
      const stop = stopAfter(said, rule, policy);
      // A client at the other end of a Unix socket has no address, and is none of the machines before it.
      return finish(walk, isAtPipe && isProven(stop) ? "anonymous-hop" : stop, policy, source);
    }
    isAtPipe = false;
    source = walk.text;
    from = found.from;
    to = found.to;
    walk.claimCount++;
    walk.lastClaim = claim;
    if (claim === undefined) {
      const { method } = carrier as Carrier;
      walk.method = method;
      walk.port = found.port;
      if (method === "forwarded") walk.forwardedCount++;
    } else {
      walk.method = claim.method;
      walk.port = walk.claimPort;
    }
    const claimed = policy.peers.match(found, source);
    const next: Rule | undefined = policy.rules[ownerOf(claimed)];
    const doubt = machines === policy.hops ? "hop-count" : distrust(walk, next, connection, false);
    trace?.claim(walk, next, claimed, doubt);
    if (next === undefined || doubt !== undefined) {
      return finish(walk, stopAtDoubt(walk, next, doubt), policy, source);
    }
    walk.believed[walk.depth++] = next;
    rule = next;
  }
}

/** The rule of a machine that is claimed to be at the other end of a Unix socket; undefined where it is not believed, and then nothing was taken. */
function enterPipe(walk: Walk, connection: Connection, policy: Policy, trace: Trace | undefined): Rule | undefined {
  const rule = policy.rules[policy.unixHopRule];
  if (rule === undefined || distrust(walk, rule, connection, false) !== undefined) return undefined;
  walk.claimCount++;
  walk.lastClaim = undefined;
  if ((walk.carrier as Carrier).method === "forwarded") walk.forwardedCount++;
  trace?.pipe(walk, rule);
  walk.believed[walk.depth++] = rule;
  return rule;
}

/** A kept connection has one peer, and asks once for each policy. */
function recall(walk: Walk, memory: PeerMemory, peer: string, policy: Policy): Match {
  if (memory.policy !== policy || memory.peer !== peer) {
    memory.match = policy.peers.match(walk.found, peer);
    memory.policy = policy;
    memory.peer = peer;
  }
  return memory.match as Match;
}

/** Why the machine under this rule is not believed, or undefined. */
function distrust(walk: Walk, rule: Rule | undefined, connection: Connection, isPeer: boolean): Distrust | undefined {
  if (rule === undefined) return isPeer && connection.transport === "unverified" ? "peer-unverified" : "no-rule";
  return rule.demand?.doubt(walk, connection, isPeer);
}

/** Where a demanded header may have been left out, or no request was made yet, nothing is known of the machine: it may be believed, and is no client. */
function stopAtDoubt(walk: Walk, rule: Rule | undefined, doubt: Distrust | undefined): Stop {
  if (doubt === "headers-cut") return "headers-cut";
  return doubt === "demand-unmet" && walk.headers === undefined && rule?.demand?.header !== undefined
    ? "carrier-absent"
    : "untrusted-hop";
}

function stopAfter(said: reading.Reading, rule: Rule, policy: Policy): Stop {
  switch (said) {
    case reading.CLAIM:
    case reading.TOO_MANY:
      return "hop-limit";
    case reading.SILENT:
      return policy.hops > 0 ? "carrier-absent" : stopAfterSilence(rule.silent ?? "is-client");
    case reading.ABSENT:
    case reading.LOST:
      return policy.hops > 0 ? "carrier-absent" : stopAfterSilence(rule.silent ?? "unknown");
    case reading.UNASKED:
      return "carrier-absent";
    case reading.MALFORMED:
      return "malformed-hop";
    case reading.ANONYMOUS:
    case reading.UNIX_HOP:
      return "anonymous-hop";
    case reading.CONFLICT:
      return "conflict";
    case reading.SELF:
      return "self";
    case reading.CUT:
      return "headers-cut";
  }
}

function stopAfterSilence(silence: Silence): Stop {
  switch (silence) {
    case "is-client":
      return "path-exhausted";
    case "unknown":
      return "carrier-absent";
    case "self":
      return "self";
  }
}

/** Ends the walk at the address in `found`, which was read from `source`; "" where the machine has none. */
function finish(walk: Walk, stop: Stop, policy: Policy, source: string): string | undefined {
  const { infrastructure } = policy;
  walk.stop = stop;
  if (source === "") return undefined;
  if (infrastructure !== undefined && isProven(stop) && infrastructure.match(walk.found, source) !== NO_MATCH) {
    walk.stop = "address-lost";
  }
  return foundText(walk.found, source);
}
