import type { Place } from "../event/place.ts";
import { distanceKm } from "./distance.ts";

/** Places, devices and addresses that are remembered of one user; the one not seen for longest is forgotten first. */
const PLACES_LIMIT = 16;
const DEVICES_LIMIT = 8;
const SOURCES_LIMIT = 8;

/** usual; on probation, because it alarmed and nobody has confirmed it; rejected by the operator. */
export type Standing = "usual" | "probation" | "rejected";

export interface KnownPlace {
  country: string | undefined;
  asn: number | undefined;
  latitude: number | undefined;
  longitude: number | undefined;
  radiusKm: number | undefined;
  standing: Standing;
  /** Of a VPN or a hosting company: where it is says nothing of where the user is. */
  isEgress: boolean;
  /** When the user was last there, and when that was last told, in milliseconds since 1970. */
  last: number;
  told: number;
  /** How often the user came back to it on probation, and how often it was told beside the first return. */
  returns: number;
  tells: number;
}

/** What is remembered of one user. */
export interface Profile {
  logins: number;
  since: number;
  /** The latest one is the first. */
  places: KnownPlace[];
  /** Hashes of user agents without their versions, and of addresses (/64 of IPv6). */
  devices: number[];
  sources: number[];
}

export function newProfile(time: number): Profile {
  return { logins: 0, since: time, places: [], devices: [], sources: [] };
}

/** A profile that cannot be read, which another version may have written, is none. */
export function parseProfile(text: string | undefined): Profile | undefined {
  if (text === undefined) return undefined;
  try {
    const [logins, since, places, devices, sources] = JSON.parse(text) as [
      number,
      number,
      unknown[][],
      number[],
      number[],
    ];
    return {
      logins,
      since,
      devices,
      sources,
      places: places.map(
        ([country, asn, latitude, longitude, radiusKm, standing, isEgress, last, told, returns, tells]) => ({
          country: (country ?? undefined) as string | undefined,
          asn: (asn ?? undefined) as number | undefined,
          latitude: (latitude ?? undefined) as number | undefined,
          longitude: (longitude ?? undefined) as number | undefined,
          radiusKm: (radiusKm ?? undefined) as number | undefined,
          standing: STANDINGS[standing as number] ?? "usual",
          isEgress: isEgress === 1,
          last: last as number,
          told: told as number,
          returns: returns as number,
          tells: tells as number,
        }),
      ),
    };
  } catch {
    return undefined;
  }
}

const STANDINGS: readonly Standing[] = ["usual", "probation", "rejected"];

export function formatProfile({ logins, since, places, devices, sources }: Profile): string {
  return JSON.stringify([
    logins,
    since,
    places.map(({ country, asn, latitude, longitude, radiusKm, standing, isEgress, last, told, returns, tells }) => [
      country ?? null,
      asn ?? null,
      latitude ?? null,
      longitude ?? null,
      radiusKm ?? null,
      STANDINGS.indexOf(standing),
      isEgress ? 1 : 0,
      last,
      told,
      returns,
      tells,
    ]),
    devices,
    sources,
  ]);
}

/** The place of a profile that this one is: the same country and system, and not farther than `travelKm`. */
export function samePlace(profile: Profile, place: Place, travelKm: number): KnownPlace | undefined {
  return profile.places.find(
    (known) =>
      known.country === place.country &&
      known.asn === place.asn &&
      (distanceKm(known, place) ?? 0) < Math.max(travelKm, 1),
  );
}

/** Puts a place first, and forgets the oldest usual one beyond the limit: what alarmed is kept. */
export function putPlace(profile: Profile, place: KnownPlace): void {
  profile.places = [place, ...profile.places.filter((each) => each !== place)];
  if (profile.places.length <= PLACES_LIMIT) return;
  const oldest = profile.places.findLastIndex(({ standing }) => standing === "usual");
  profile.places.splice(oldest > 0 ? oldest : PLACES_LIMIT, 1);
}

/** Puts what a login was made with and from first. */
export function putMeans(profile: Profile, device: number | undefined, source: number | undefined): void {
  profile.devices = withFirst(profile.devices, device, DEVICES_LIMIT);
  profile.sources = withFirst(profile.sources, source, SOURCES_LIMIT);
}

function withFirst(all: number[], one: number | undefined, limit: number): number[] {
  return one === undefined || all[0] === one ? all : [one, ...all.filter((each) => each !== one)].slice(0, limit);
}
