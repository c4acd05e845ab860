import { found, foundUnspecified, NO_PORT, NODE_LIMIT, readAddress, readAddressBefore } from "./address-reader.ts";
import { foundText } from "./address-text.ts";
import type { Carrier } from "./carrier.ts";
import type { Distrust, Method, Stop } from "./claim.ts";
import { readNextClaim, startReading } from "./claim-reader.ts";
import { meets } from "./demand.ts";
import type { Connection, Headers } from "./evidence.ts";
import { readListClaim } from "./header-reader.ts";
import type { PeerMemory } from "./peer-memory.ts";
import { HOP_LIMIT, type Policy, type Rule, type Silence } from "./policy.ts";
import * as reading from "./reading.ts";
import { reader } from "./reading.ts";
import type { Trace } from "./trace.ts";

/** What the last walk ended with, besides the address that it returned. Callers copy it out at once. */
export const outcome: {
  stop: Stop;
  /** Who named the address that the walk returned. */
  method: Method;
  /** The port beside it, or `NO_PORT`. */
  port: number;
  /** Whether a believed machine was asked for a header, and how many claims of headers, and of Forwarded, were taken: the place of protocol and host. */
  asked: boolean;
  headerClaims: number;
  forwardedClaims: number;
} = { stop: "no-peer", method: "socket", port: NO_PORT, asked: false, headerClaims: 0, forwardedClaims: 0 };

/** Whether a walk that ended so has proven the address that it returned to be the client's. */
export function isProven(stop: Stop): boolean {
  return stop === "untrusted-hop" || stop === "path-exhausted";
}

/**
 * The one walk: from the physical peer outwards, claim by claim, as long as the machine that makes the claim is believed.
 * Returns the canonical address of the farthest machine that could be verified, which is the client's if `isProven(outcome.stop)`.
 * With a `trace` every hop is recorded; nothing else differs. Never throws; looks at `HOP_LIMIT` machines and `ELEMENT_LIMIT` list elements at most.
 */
export function walk(
  connection: Connection,
  headers: Headers | undefined,
  policy: Policy,
  trace: Trace | undefined,
  rawHeaders: readonly string[] | undefined,
): string | undefined {
  let method: Method = "socket";
  let port = connection.peerPort ?? NO_PORT;
  let source = "";
  let rule: Rule | undefined;
  let owner = 0;
  reader.asked = false;
  outcome.headerClaims = 0;
  outcome.forwardedClaims = 0;
  if (connection.transport === "unix" || connection.transport === "unverified") {
    rule = policy.rules[connection.transport === "unix" ? policy.unixRule : policy.unverifiedRule];
    owner = NAMELESS;
  } else {
    const { peer, memory } = connection;
    // Nearly every peer is bare; only a zone takes the longer way.
    const isRead =
      peer !== undefined &&
      ((peer.length <= NODE_LIMIT && readAddressBefore(peer, 0, peer.length) === 0) ||
        readAddress(peer, 0, peer.length));
    if (!isRead || foundUnspecified()) {
      trace?.peer(connection, undefined, NAMELESS, "not-an-address");
      return finish("no-peer", policy, "", method, port);
    }
    source = peer;
    owner = memory === undefined ? policy.peers.ownerOfFound(peer) : recall(memory, peer, policy);
    rule = policy.rules[owner >>> 8];
  }
  let from = found.from;
  let to = found.to;
  const peerDoubt = distrust(rule, connection, headers, true);
  trace?.peer(connection, rule, owner, peerDoubt);
  if (rule === undefined || peerDoubt !== undefined) return finish("untrusted-hop", policy, source, method, port);

  startReading(policy.headers.length, rawHeaders);
  for (let machines = 1; ; machines++) {
    let said: reading.Reading;
    if (rule.plainList !== undefined && headers !== undefined) {
      // Most rules are such: what `readNextClaim` would do, without asking for what they do not have.
      reader.asked = true;
      said = readListClaim(rule.plainList, headers);
    } else said = readNextClaim(rule, connection, headers, trace);
    const { claim, carrier } = reader;
    if (said !== reading.CLAIM || machines === HOP_LIMIT) {
      trace?.refused(said);
      readAddress(source, from, to);
      return finish(stopAfter(said, rule, policy), policy, source, method, port);
    }
    source = reader.text;
    from = found.from;
    to = found.to;
    if (claim === undefined) {
      method = (carrier as Carrier).method;
      port = found.port;
      outcome.headerClaims++;
      if (method === "forwarded") outcome.forwardedClaims++;
    } else {
      method = claim.method;
      port = claim.endpoint?.port ?? NO_PORT;
    }
    owner = policy.peers.ownerOfFound(source);
    const next: Rule | undefined = policy.rules[owner >>> 8];
    const doubt = machines === policy.hops ? "hop-count" : distrust(next, connection, headers, false);
    trace?.claim(next, owner, doubt);
    if (next === undefined || doubt !== undefined) return finish("untrusted-hop", policy, source, method, port);
    rule = next;
  }
}

/** Stands for the owner of a peer without an address: a rule may name it, but no prefix does. */
const NAMELESS = -1;

/** A peer never changes, so a kept connection asks once. */
function recall(memory: PeerMemory, peer: string, policy: Policy): number {
  if (memory.policy !== policy) {
    memory.owner = policy.peers.ownerOfFound(peer);
    memory.policy = policy;
  }
  return memory.owner;
}

/** Why the machine under this rule is not believed, or undefined. */
function distrust(
  rule: Rule | undefined,
  connection: Connection,
  headers: Headers | undefined,
  isPeer: boolean,
): Distrust | undefined {
  if (rule === undefined) return isPeer && connection.transport === "unverified" ? "peer-unverified" : "no-rule";
  return rule.demand === undefined || meets(rule.demand, connection, headers, isPeer) ? undefined : "demand-unmet";
}

function stopAfter(said: reading.Reading, rule: Rule, policy: Policy): Stop {
  switch (said) {
    case reading.CLAIM:
    case reading.TOO_MANY:
      return "hop-limit";
    case reading.SILENT:
      return policy.hops > 0 ? "carrier-absent" : stopAfterSilence(rule.silentRequest);
    case reading.LOST:
      return stopAfterSilence(rule.silentConnection);
    case reading.UNASKED:
      return "carrier-absent";
    case reading.MALFORMED:
      return "malformed-hop";
    case reading.ANONYMOUS:
      return "anonymous-hop";
    case reading.CONFLICT:
      return "conflict";
    case reading.SELF:
      return "self";
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
function finish(stop: Stop, policy: Policy, source: string, method: Method, port: number): string | undefined {
  const { infrastructure } = policy;
  outcome.stop = stop;
  outcome.method = method;
  outcome.port = port;
  outcome.asked = reader.asked;
  if (source === "") return undefined;
  if (infrastructure !== undefined && isProven(stop) && infrastructure.ownerOfFound(source) !== 0) {
    outcome.stop = "address-lost";
  }
  return foundText(source);
}
