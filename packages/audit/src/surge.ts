/** What the sources of a surge are counted by. "prefix" is /24 of IPv4 and /48 of IPv6; "peer" is the machine that is physically connected. */
export type SurgeDimension = "address" | "prefix" | "asn" | "country" | "path" | "user-agent" | "peer";

export interface SurgeContributor {
  readonly name: string;
  readonly requests: number;
}

/** More traffic than usual, in the shape of AWS Shield's attack report: how much, since when, and whose. */
export interface Surge {
  /** The same in every event about one surge, and no other's. */
  readonly id: string;
  readonly start: Date;
  /** Absent while it goes on. */
  readonly end?: Date | undefined;
  readonly requests: number;
  /** Of them: those whose client was proven. The others' sources may be anybody. */
  readonly proven: number;
  /** Requests a second in its worst second, and before it began. */
  readonly peakPerSecond: number;
  readonly baselinePerSecond: number;
  /** Different clients, as far as they were counted. */
  readonly clients?: number | undefined;
  /** The largest contributors, largest first. What was not counted is absent. */
  readonly top: Readonly<Partial<Record<SurgeDimension, readonly SurgeContributor[]>>>;
  /** Prefixes in CIDR form, ready for a firewall: proven clients' only. */
  readonly block: readonly string[];
}
