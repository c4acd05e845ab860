import { createHash } from "node:crypto";
import type { KnownPlaces, SourceCount } from "./login-rules.ts";
import type { Place } from "./place.ts";

/** Countries and systems that are remembered of one user: who has been in more is surprised no more. */
export const PLACES_LIMIT = 64;
/** Users, and networks, that are remembered. */
export const DEFAULT_LIMIT = 100_000;
/** Longest name of a user that is kept as it is, in characters: a longer one, which only somebody who guesses has, is kept as its hash. */
const ID_LIMIT = 128;

interface KnownUser {
  readonly countries: Set<string>;
  readonly asns: Set<number>;
  last: KnownPlaces["last"];
}

const NOWHERE: KnownPlaces = { countries: [], asns: [], last: undefined };

/** Where users were, and who came from where: at most `limit` users and networks, of which who was silent longest is forgotten first. */
export class LoginMemory {
  readonly #limit: number;
  readonly #users = new Map<string, KnownUser>();
  readonly #sources = new Map<string, Map<string, number>>();

  constructor(limit: number = DEFAULT_LIMIT) {
    this.#limit = limit;
  }

  /** Answers what was known before. */
  learn(id: string, place: Place, time: number): KnownPlaces {
    const key = userKey(id);
    const known = this.#users.get(key);
    const before =
      known === undefined ? NOWHERE : { countries: [...known.countries], asns: [...known.asns], last: known.last };
    const user = known ?? { countries: new Set<string>(), asns: new Set<number>(), last: undefined };
    this.#users.delete(key);
    this.#users.set(key, user);
    forgetOldest(this.#users, this.#limit);
    const { country, asn, latitude, longitude } = place;
    if (country !== undefined && user.countries.size < PLACES_LIMIT) user.countries.add(country);
    if (asn !== undefined && user.asns.size < PLACES_LIMIT) user.asns.add(asn);
    if (latitude !== undefined && longitude !== undefined) user.last = { place, time };
    return before;
  }

  /** Of the users, only so many as `most` are told apart: a source of a million needs no million entries. */
  count(source: string, id: string, time: number, windowMs: number, most: number): SourceCount {
    const users = this.#sources.get(source) ?? new Map<string, number>();
    this.#sources.delete(source);
    this.#sources.set(source, users);
    forgetOldest(this.#sources, this.#limit);
    // Also what a clock that was ahead has left in the future.
    for (const [each, seen] of users) if (Math.abs(time - seen) > windowMs) users.delete(each);
    const key = userKey(id);
    const isNew = !users.has(key);
    users.set(key, time);
    forgetOldest(users, most);
    return { isNew, users: users.size };
  }
}

export function userKey(id: string): string {
  return id.length <= ID_LIMIT ? id : `sha256:${createHash("sha256").update(id).digest("base64url")}`;
}

function forgetOldest(map: Map<string, unknown>, limit: number): void {
  for (const key of map.keys()) {
    if (map.size <= limit) return;
    map.delete(key);
  }
}
