/** Where an address is, as far as databases know. All parts may be absent. */
export interface Place {
  /** Two letters: AF, AN, AS, EU, NA, OC, SA. */
  readonly continent?: string | undefined;
  /** ISO 3166-1, two letters. */
  readonly country?: string | undefined;
  /** ISO 3166-2, such as "CA-QC". */
  readonly region?: string | undefined;
  /** The name of the region. */
  readonly regionName?: string | undefined;
  /** Its name. */
  readonly city?: string | undefined;
  /** Degrees. */
  readonly latitude?: number | undefined;
  /** Degrees. */
  readonly longitude?: number | undefined;
  /** How far off the coordinates may be, in kilometres. */
  readonly radiusKm?: number | undefined;
  /** Autonomous system number. */
  readonly asn?: number | undefined;
  /** Whose the autonomous system is. */
  readonly organization?: string | undefined;
  /** The databases that said so: sources disagree, and yesterday's file said something else. */
  readonly databases?: readonly PlaceDatabase[] | undefined;
}

/** A database that has said where an address is. */
export interface PlaceDatabase {
  /** The type that its metadata states, such as "GeoLite2-City". */
  readonly name: string;
  /** The day on which it was built, in ISO 8601, UTC: "2026-11-20". */
  readonly build: string;
}

/** Tells where an address is; undefined for what is nowhere. */
export type Locate = (address: string) => Place | undefined;
