/** What the sources of a surge are counted by. "prefix" is /24 of IPv4 and /48 of IPv6; "peer" is the machine that is physically connected. */
export type SurgeDimension = "address" | "prefix" | "asn" | "country" | "path" | "user-agent" | "peer";

/** A source of a surge. */
export interface SurgeContributor {
  /** The address, prefix, path and so on. */
  readonly name: string;
  /** How many. */
  readonly requests: number;
}

/** Why a surge is published: it has begun, its rate has doubled since the last event, it is over, or it has gone on for so long that its rate is the usual one from now on. */
export type SurgeChange = "begun" | "escalated" | "ended" | "adopted";

/** More traffic than usual, in the shape of AWS Shield's attack report: how much, since when, and whose. */
export interface Surge {
  /** The same in every event about one surge, and no other's. */
  readonly id: string;
  /** When it began. */
  readonly start: Date;
  /** Absent while it goes on. */
  readonly end?: Date | undefined;
  /** How many, since it began. */
  readonly requests: number;
  /** Why it is published now. */
  readonly change?: SurgeChange | undefined;
  /** Of them: those whose client was proven. The sources of the others may be spoofed. */
  readonly proven: number;
  /** Requests a second in its worst second, and before it began. */
  readonly peakPerSecond: number;
  /** Requests a second before it began. */
  readonly baselinePerSecond: number;
  /** Different clients, as far as they were counted. */
  readonly clients?: number | undefined;
  /** The largest contributors, largest first. What was not counted is absent. */
  readonly top: Readonly<Partial<Record<SurgeDimension, readonly SurgeContributor[]>>>;
  /** Prefixes in CIDR form, ready for a firewall: proven clients' only, and only of sources that send many times more than before it began. */
  readonly block: readonly string[];
}
