import { type FoundAddress, NO_PORT } from "../address/found.ts";
import type { Carrier } from "../policy/carrier.ts";
import type { ConnectionClaim, Stop } from "../evidence/claim.ts";
import type { Method } from "../evidence/method.ts";
import type { Headers } from "../evidence/evidence.ts";
import { HOP_LIMIT, SLOT_LIMIT } from "../options/limits.ts";
import type { Policy } from "../policy/policy.ts";
import type { Rule } from "../policy/rule.ts";
import { ListElement } from "../wire/http/list.ts";

/** `positions` of a header that was not read yet. */
export const UNREAD = 0x7fff_ffff;
/** `listSlot` where `text` holds no list. */
export const NO_SLOT = -1;

/**
 * All that one walk knows. A walk calls code that is not ours (getters of headers and claims), which may ask for another answer meanwhile: that one has
 * a `Walk` of its own. One is kept and used again, so that a walk allocates nothing.
 */
export class Walk {
  /** What was read last: the span of an element, and its address. */
  readonly element: ListElement = new ListElement();
  readonly found: FoundAddress = this.element.found;

  headers: Headers | undefined = undefined;
  rawHeaders: readonly string[] | undefined = undefined;
  /** Whether lines of the headers were left out. */
  isCut = false;
  claims: readonly ConnectionClaim[] = [];

  /** The claim that was read last: it stands in `text`, and came from `claim` (with `claimPort`), or else from `carrier`. */
  text = "";
  claim: ConnectionClaim | undefined = undefined;
  claimPort: number = NO_PORT;
  carrier: Carrier | undefined = undefined;

  /** Connection claims taken or passed over, and the methods that rules have heard so far. */
  taken = 0;
  heard = 0;
  /** Whether a machine was asked for a header: the walk has left the connection. */
  asked = false;

  /** For each header slot: where the next element ends; `UNREAD` before the first, 0 or less when nothing is left. */
  readonly positions: Int32Array = new Int32Array(SLOT_LIMIT);
  /** The list that `text` holds, so that a walk along one list looks it up once. */
  listSlot: number = NO_SLOT;
  /** Elements and characters of lists that were looked at. */
  elements = 0;
  characters = 0;

  /** For each demanded header: how many machines it has proven. */
  readonly proven: Uint8Array = new Uint8Array(SLOT_LIMIT);

  /** Rules of the machines that were believed, nearest first, and how many there are. */
  readonly believed: (Rule | undefined)[] = Array.from({ length: HOP_LIMIT + 1 }, () => undefined);
  depth = 0;
  /** The connection claim that named the address where the walk stands; undefined where a header did. */
  lastClaim: ConnectionClaim | undefined = undefined;
  /** Claims that were taken, and how many of them were elements of Forwarded. */
  claimCount = 0;
  forwardedCount = 0;

  /** Why the walk ended, who named the address that it ended at, and the port beside it (or `NO_PORT`). */
  stop: Stop = "no-peer";
  method: Method = "socket";
  port: number = NO_PORT;

  /** Forgets the walk before. */
  start(policy: Policy): void {
    const { positions, proven } = this;
    const headers = policy.headers.length;
    for (let slot = 0; slot < headers; slot++) positions[slot] = UNREAD;
    for (let slot = 0; slot < policy.demandedHeaders; slot++) proven[slot] = 0;
    this.elements = 0;
    this.characters = 0;
    this.listSlot = NO_SLOT;
    this.taken = 0;
    this.heard = 0;
    this.asked = false;
    this.depth = 0;
    this.claimCount = 0;
    this.forwardedCount = 0;
    this.claim = undefined;
    this.lastClaim = undefined;
    this.carrier = undefined;
  }
}

/** The walk that no call uses right now. */
let idle: Walk | undefined = new Walk();

/** A walk to use, until `returnWalk`. */
export function borrowWalk(): Walk {
  const walk = idle ?? new Walk();
  idle = undefined;
  return walk;
}

/** It keeps nothing of its request alive. */
export function returnWalk(walk: Walk): void {
  walk.headers = undefined;
  walk.rawHeaders = undefined;
  walk.claims = NO_CLAIMS;
  walk.text = "";
  walk.claim = undefined;
  walk.lastClaim = undefined;
  walk.element.node = "";
  idle = walk;
}

const NO_CLAIMS: readonly ConnectionClaim[] = [];
