import type { CarrierOption, ConnectionMethod } from "@wherefrom/core";
import type { Behaviour } from "./behaviour.ts";
import type { Sighting } from "../evidence/sighting.ts";

/** One way by which requests come, told by the peer that connects to the service. */
export interface Path {
  /** Address of the peer, or the transport where it has none ("unix"). */
  readonly peer: string;
  /** Sightings of plain requests; of a path that only probes with made-up headers met, theirs without what was made up. */
  readonly plain: readonly Sighting[];
  /** Whether no plain request came this way. */
  readonly isLate: boolean;
  /** What happens to each header, by its name. */
  readonly habits: ReadonlyMap<string, Habit>;
  /** The ways in which this path names the caller. */
  readonly options: readonly PathOption[];
}

export interface Habit {
  readonly behaviour: Behaviour;
  /** Other headers in which the made-up address turned up. */
  readonly copies: readonly string[];
}

/** One way in which a path names the caller, and who must be believed for it. */
export interface PathOption {
  /** "peer": the peer is the caller. "claim": a claim of the connection. "header": a header. */
  readonly kind: "peer" | "claim" | "header";
  /** Of a header: its name. Of a claim: its methods, joined. */
  readonly label: string;
  /** What a rule says for it. */
  readonly says: readonly CarrierOption[];
  /** The machines that must be believed, nearest first. */
  readonly machines: readonly string[];
  /** Of a header: addresses right of the caller's own, left to right. */
  readonly right: readonly string[];
  /** Of a header that arrives behind claims of the connection: their methods. */
  readonly claimed: readonly ConnectionMethod[];
  /** Whether a walk may read it: the client cannot write it, or only where it is not read. */
  readonly isUsable: boolean;
}
