import type { Resolution } from "@wherefrom/core";
import { rateLimitKey } from "@wherefrom/core";
import { type AuditUser, isHeard, publish } from "./audit-event.ts";
import { distanceKm } from "./distance.ts";
import type { Locate, Place } from "./place.ts";

export type LoginAlarm = "new-country" | "new-asn" | "impossible-travel" | "shared-source";

/** What is unusual about a login, with the numbers that it was found by. */
export interface LoginFinding {
  readonly alarm: LoginAlarm;
  readonly numbers: Readonly<Record<string, number | string>>;
}

export interface LoginGuardOptions {
  /** Tells where an address is; undefined for what is nowhere. */
  readonly locate: Locate;
  /** Least distance and speed of an impossible journey. Defaults 500 km and 800 km/h, as Elastic's rules have them. */
  readonly travelKm?: number | undefined;
  readonly travelKmPerHour?: number | undefined;
  /** Users from one network within `sharedWindowMs` (default an hour) above which it is a shared source. Default 10. */
  readonly sharedUsers?: number | undefined;
  readonly sharedWindowMs?: number | undefined;
  /** Most users, and most networks, that are remembered; who was silent longest is forgotten first. Default 100,000. */
  readonly limit?: number | undefined;
  /** Milliseconds since 1970. Default `Date.now`. A clock that goes back makes no journey. */
  readonly now?: (() => number) | undefined;
}

export interface LoginAttempt {
  readonly user: AuditUser;
  readonly resolution: Resolution;
  readonly success: boolean;
  readonly transport?: "tcp" | "udp" | "unix" | undefined;
}

interface KnownUser {
  readonly countries: Set<string>;
  readonly asns: Set<number>;
  last: { readonly place: Place; readonly time: number } | undefined;
}

/** Countries and systems that are remembered of one user: who has been in more is surprised no more. */
const PLACES_LIMIT = 64;
const DEFAULT_LIMIT = 100_000;
const HOUR_MS = 3_600_000;

/**
 * Says what is unusual about logins. Only a proven client teaches or alarms: never `nearest`, never a peer. Failed attempts are told and counted for the shared source, and
 * teach nothing, so that an attacker cannot make his place usual. The first login of a user alarms nobody.
 */
export class LoginGuard {
  readonly #options: LoginGuardOptions;
  readonly #users = new Map<string, KnownUser>();
  readonly #sources = new Map<string, Map<string, number>>();

  constructor(options: LoginGuardOptions) {
    this.#options = options;
  }

  /** Publishes `login.location`, and `login.anomaly` for each finding. */
  check({ user, resolution, success, transport = "tcp" }: LoginAttempt): readonly LoginFinding[] {
    const { now = Date.now, locate } = this.#options;
    const time = now();
    const client = resolution.client?.address;
    const place = client === undefined ? undefined : locate(client);
    const event = {
      time: new Date(time),
      resolution,
      transport,
      user,
      place,
      outcome: success ? "success" : "failure",
    } as const;
    if (isHeard("login.location")) publish({ name: "login.location", ...event, numbers: numbersOf(place) });
    if (client === undefined) return [];
    const findings = [...this.#findShared(user, rateLimitKey(resolution), time)];
    if (success) findings.push(...this.#findUnusual(user, place ?? {}, time));
    if (isHeard("login.anomaly")) {
      for (const { alarm, numbers } of findings) publish({ name: "login.anomaly", ...event, reason: alarm, numbers });
    }
    return findings;
  }

  #findUnusual(user: AuditUser, place: Place, time: number): readonly LoginFinding[] {
    const { country, asn } = place;
    const known = this.#recall(user.id);
    const findings: LoginFinding[] = [];
    if (country !== undefined && known.countries.size > 0 && !known.countries.has(country)) {
      findings.push({ alarm: "new-country", numbers: { country, knownCountries: [...known.countries].join(" ") } });
    }
    if (asn !== undefined && known.asns.size > 0 && !known.asns.has(asn)) {
      findings.push({ alarm: "new-asn", numbers: { asn, knownAsns: [...known.asns].join(" ") } });
    }
    const journey = known.last === undefined ? undefined : this.#findJourney(known.last, place, time);
    if (journey !== undefined) findings.push(journey);
    if (country !== undefined && known.countries.size < PLACES_LIMIT) known.countries.add(country);
    if (asn !== undefined && known.asns.size < PLACES_LIMIT) known.asns.add(asn);
    if (place.latitude !== undefined && place.longitude !== undefined) known.last = { place, time };
    return findings;
  }

  /** The journey that both places' inaccuracy leaves at least. */
  #findJourney(last: { place: Place; time: number }, place: Place, time: number): LoginFinding | undefined {
    const { travelKm = 500, travelKmPerHour = 800 } = this.#options;
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
  #findShared(user: AuditUser, source: string, time: number): readonly LoginFinding[] {
    const { sharedUsers = 10, sharedWindowMs = HOUR_MS, limit = DEFAULT_LIMIT } = this.#options;
    const users = this.#sources.get(source) ?? new Map<string, number>();
    this.#sources.delete(source);
    this.#sources.set(source, users);
    forgetOldest(this.#sources, limit);
    for (const [id, seen] of users) if (time - seen > sharedWindowMs) users.delete(id);
    const isNew = !users.has(user.id);
    users.set(user.id, time);
    // What is above the limit is all that matters: a source of a million users needs no million entries.
    forgetOldest(users, sharedUsers + 1);
    if (!isNew || users.size <= sharedUsers) return [];
    return [{ alarm: "shared-source", numbers: { source, users: users.size, minutes: sharedWindowMs / 60_000 } }];
  }

  #recall(id: string): KnownUser {
    const known = this.#users.get(id) ?? { countries: new Set(), asns: new Set(), last: undefined };
    this.#users.delete(id);
    this.#users.set(id, known);
    forgetOldest(this.#users, this.#options.limit ?? DEFAULT_LIMIT);
    return known;
  }
}

function forgetOldest(map: Map<string, unknown>, limit: number): void {
  for (const key of map.keys()) {
    if (map.size <= limit) return;
    map.delete(key);
  }
}

function numbersOf(place: Place | undefined): Readonly<Record<string, number | string>> | undefined {
  if (place === undefined) return undefined;
  const entries = Object.entries(place).filter(([, value]) => typeof value === "string" || typeof value === "number");
  return entries.length === 0 ? undefined : (Object.fromEntries(entries) as Record<string, number | string>);
}
