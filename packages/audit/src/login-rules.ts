import { distanceKm } from "./distance.ts";
import type { Place } from "./place.ts";

export type LoginAlarm = "new-country" | "new-asn" | "impossible-travel" | "shared-source";

/** What is unusual about a login, with the numbers that it was found by. */
export interface LoginFinding {
  readonly alarm: LoginAlarm;
  readonly numbers: Readonly<Record<string, number | string>>;
}

/** From where a user has logged in before. */
export interface KnownPlaces {
  readonly countries: readonly string[];
  readonly asns: readonly number[];
  /** The last place with coordinates, and when, in milliseconds since 1970. */
  readonly last: { readonly place: Place; readonly time: number } | undefined;
}

export interface LoginRules {
  /** Least distance and speed of an impossible journey. Defaults 500 km and 800 km/h, as Elastic's rules have them. */
  readonly travelKm?: number | undefined;
  readonly travelKmPerHour?: number | undefined;
  /** Users from one network within `sharedWindowMs` (default an hour) above which it is a shared source. Default 10. */
  readonly sharedUsers?: number | undefined;
  readonly sharedWindowMs?: number | undefined;
}

export const SHARED_USERS = 10;
export const SHARED_WINDOW_MS = 3_600_000;
const HOUR_MS = 3_600_000;

/** What is unusual about a successful login from `place`, for who was known at `known` before. A first login is not. */
export function findUnusual(
  known: KnownPlaces,
  place: Place,
  time: number,
  rules: LoginRules,
): readonly LoginFinding[] {
  const { country, asn } = place;
  const findings: LoginFinding[] = [];
  if (country !== undefined && known.countries.length > 0 && !known.countries.includes(country)) {
    findings.push({ alarm: "new-country", numbers: { country, knownCountries: known.countries.join(" ") } });
  }
  if (asn !== undefined && known.asns.length > 0 && !known.asns.includes(asn)) {
    findings.push({ alarm: "new-asn", numbers: { asn, knownAsns: known.asns.join(" ") } });
  }
  const journey = known.last === undefined ? undefined : findJourney(known.last, place, time, rules);
  return journey === undefined ? findings : [...findings, journey];
}

/** The journey that both places' inaccuracy leaves at least. A clock that goes back makes none. */
function findJourney(
  last: { readonly place: Place; readonly time: number },
  place: Place,
  time: number,
  rules: LoginRules,
): LoginFinding | undefined {
  const { travelKm = 500, travelKmPerHour = 800 } = rules;
  const whole = distanceKm(last.place, place);
  if (whole === undefined || time < last.time) return undefined;
  const km = Math.max(0, whole - (last.place.radiusKm ?? 0) - (place.radiusKm ?? 0));
  const hours = (time - last.time) / HOUR_MS;
  // In no time at all every distance is too far.
  const speed = hours === 0 ? Number.MAX_SAFE_INTEGER : km / hours;
  if (km < travelKm || speed < travelKmPerHour) return undefined;
  return {
    alarm: "impossible-travel",
    numbers: {
      km: Math.round(km),
      minutes: Math.round(hours * 60),
      kmPerHour: Math.round(Math.min(speed, Number.MAX_SAFE_INTEGER)),
    },
  };
}

/** Once for each user above the limit: many users from one network in one window. */
export function findShared(source: string, { isNew, users }: SourceCount, rules: LoginRules): readonly LoginFinding[] {
  const { sharedUsers = SHARED_USERS, sharedWindowMs = SHARED_WINDOW_MS } = rules;
  if (!isNew || users <= sharedUsers) return [];
  return [{ alarm: "shared-source", numbers: { source, users, minutes: sharedWindowMs / 60_000 } }];
}

/** Users that came from one network within the window, counted up to one more than its limit; whether this one is new among them. */
export interface SourceCount {
  readonly isNew: boolean;
  readonly users: number;
}
