import { hashText } from "../traffic/cardinality.ts";
import type { LocatedLogin } from "./attempt.ts";
import { distanceKm } from "./distance.ts";
import { findingOf, type LoginFinding } from "../event/login-finding.ts";
import { type KnownPlace, type Profile, putMeans, putPlace, samePlace } from "./profile.ts";
import type { Limits } from "./rules.ts";

const HOUR_MS = 3_600_000;
/** What ends the learning period of a user beside their logins, in milliseconds: two weeks, as Entra ID has it. */
const LEARNING_MS = 14 * 24 * HOUR_MS;
/** Users that a country needs to be one of the service's usual ones, at least and as a share of its users. */
const COMMON_USERS = 5;
const COMMON_SHARE = 1 / 500;
/** Users who jump between two systems from which on a jump between them says nothing: one is a mobile network's or a VPN's egress. */
const EGRESS_USERS = 5;
/** Countries from which users jump to a system that is the egress of a VPN, and how many of them do, at least and as a share of the service's users. */
const EGRESS_COUNTRIES = 4;
const EGRESS_VISITORS = 10;
const EGRESS_SHARE = 1 / 500;
/** Doublings of the cooldown, at most: a thousand times as long. */
const TELLS_LIMIT = 10;
/** Suspicion from which a place alarms. */
const ALARM = 5;

/** What is known of a place by the service's other users. */
export interface CommonKnowledge {
  /** Users of the service, of the country, and those who jump between this system and the one before. */
  readonly users: number;
  readonly countryUsers: number;
  readonly jumpingUsers: number;
  /** Other countries from which users jump to this system, and how many users do. */
  readonly abroad: number;
  readonly visitors: number;
}

export interface PlaceVerdict {
  readonly finding: LoginFinding | undefined;
  /** A place that has just become usual, for what all users together teach. */
  readonly learnt: KnownPlace | undefined;
  /** The system's user was in two places at once, and it did not alarm. */
  readonly isJump: boolean;
}

const QUIET: PlaceVerdict = { finding: undefined, learnt: undefined, isJump: false };

/** Whether a place of this login says something about its user. */
export function hasPlace({ place, kind }: LocatedLogin): boolean {
  const { country, asn, latitude } = place ?? {};
  return (country !== undefined || asn !== undefined || latitude !== undefined) && kind !== "egress";
}

/** Fixed, because profiles outlive processes. */
const HASH_SEED = 0x77686572;
/** So much of a User-Agent header is read, in characters. */
const AGENT_LIMIT = 512;

function deviceOf({ userAgent }: LocatedLogin): number | undefined {
  return typeof userAgent !== "string" || userAgent === ""
    ? undefined
    : hashText(userAgent.slice(0, AGENT_LIMIT).replace(/[\d._]+/g, ""), HASH_SEED);
}

function sourceOf({ source }: LocatedLogin): number | undefined {
  return source === undefined ? undefined : hashText(source, HASH_SEED);
}

/** Whether an attempt is the user's own, by all that is known: from an address of theirs, or from a usual place with a device of theirs. An attacker may have the same provider. */
export function isOwn(profile: Profile | undefined, login: LocatedLogin, { travelKm }: Limits): boolean {
  const source = sourceOf(login);
  if (profile === undefined || source === undefined) return false;
  if (profile.sources.includes(source)) return true;
  const device = deviceOf(login);
  if (device === undefined || !profile.devices.includes(device)) return false;
  return samePlace(profile, login.place ?? {}, travelKm)?.standing === "usual";
}

/** Judges a successful login against the profile of its user, and brings the profile up to date. */
export function judgePlace(
  profile: Profile,
  login: LocatedLogin,
  common: CommonKnowledge,
  limits: Limits,
): PlaceVerdict {
  const { time, place = {}, id, kind } = login;
  const device = deviceOf(login);
  const source = sourceOf(login);
  const isLearnt = profile.logins >= limits.learningLogins || time - profile.since > LEARNING_MS;
  const isDeviceNew = device === undefined ? undefined : !profile.devices.includes(device);
  profile.logins++;
  if (!hasPlace(login)) {
    putMeans(profile, device, source);
    return QUIET;
  }
  const [before] = profile.places;
  const known = samePlace(profile, place, limits.travelKm);
  const current: KnownPlace = known ?? {
    country: place.country,
    asn: place.asn,
    latitude: place.latitude,
    longitude: place.longitude,
    radiusKm: place.radiusKm,
    standing: "usual",
    isEgress: kind === "vpn" || kind === "hosting",
    last: time,
    told: 0,
    returns: 0,
    tells: 0,
  };
  // From where the user was last: a place that alarmed may be another's, and the place of a VPN says nothing.
  const origin = profile.places.find(({ standing, isEgress }) => standing === "usual" && !isEgress);
  const journey = origin === undefined ? undefined : journeyOf(origin, place, time, limits);
  current.last = time;
  putPlace(profile, current);
  if (known?.standing === "usual" || before === undefined) {
    putMeans(profile, device, source);
    return known === undefined
      ? { ...QUIET, learnt: current }
      : { ...QUIET, isJump: journey !== undefined && before?.asn !== current.asn };
  }
  if (known !== undefined) {
    // A device that the user has elsewhere: two places between which they alternate are told once.
    const finding =
      isDeviceNew === false && known.standing === "probation"
        ? undefined
        : judgeReturn(known, before !== known, login, limits);
    return { ...QUIET, finding };
  }
  const suspicion = suspicionOf(profile, current, login, common, journey, isDeviceNew, limits);
  if (isLearnt && suspicion.points >= ALARM) {
    current.standing = "probation";
    current.told = time;
    current.tells = 1;
    return {
      ...QUIET,
      finding: findingOf(suspicion.alarm, { kind: "user", value: id }, suspicion.message, suspicion.numbers),
    };
  }
  putMeans(profile, device, source);
  return { finding: undefined, learnt: current, isJump: journey !== undefined };
}

interface Journey {
  readonly km: number;
  readonly minutes: number;
  readonly kmPerHour: number;
}

/** The journey that both places' inaccuracy leaves at least, where it is impossible. A clock that goes back makes none. */
function journeyOf(
  before: KnownPlace,
  place: {
    readonly latitude?: number | undefined;
    readonly longitude?: number | undefined;
    readonly radiusKm?: number | undefined;
  },
  time: number,
  { travelKm, travelKmPerHour, assumedRadiusKm }: Limits,
): Journey | undefined {
  const whole = distanceKm(before, place);
  if (whole === undefined || time < before.last) return undefined;
  const km = Math.max(0, whole - (before.radiusKm ?? assumedRadiusKm) - (place.radiusKm ?? assumedRadiusKm));
  const hours = (time - before.last) / HOUR_MS;
  // In no time at all every distance is too far.
  const speed = hours === 0 ? Number.MAX_SAFE_INTEGER : km / hours;
  if (km < travelKm || speed < travelKmPerHour) return undefined;
  const kmPerHour = Math.round(Math.min(speed, Number.MAX_SAFE_INTEGER));
  return { km: Math.round(km), minutes: Math.round(hours * 60), kmPerHour };
}

/** A place on probation is told again when its user comes back to it for the first time, and after the cooldown, after twice the cooldown, and so on; a rejected one always. */
function judgeReturn(
  known: KnownPlace,
  isBack: boolean,
  login: LocatedLogin,
  { cooldownMs }: Limits,
): LoginFinding | undefined {
  if (isBack) known.returns++;
  const isFirst = isBack && known.returns === 1;
  const quietMs = cooldownMs * 2 ** Math.min(known.tells - 1, TELLS_LIMIT);
  if (known.standing !== "rejected" && !isFirst && Math.abs(login.time - known.told) < quietMs) return undefined;
  known.told = login.time;
  if (!isFirst) known.tells++;
  const where = placeText(known);
  const state =
    known.standing === "rejected"
      ? "which the operator has rejected"
      : "which has alarmed before and was not confirmed";
  return findingOf(
    known.country === undefined ? "new-asn" : "new-country",
    { kind: "user", value: login.id },
    `User ${login.id} logged in from ${where} again, ${state}.`,
    { country: known.country ?? "unknown", asn: known.asn ?? 0, returns: known.returns },
    known.returns,
  );
}

interface Suspicion extends Pick<LoginFinding, "alarm" | "message" | "numbers"> {
  readonly points: number;
}

/**
 * How suspicious a new place is: an impossible journey and a new country 4 each, a system that is new or not known 1, hosting that the user never had 3, a VPN 2, a device the user never had 2, an unknown one 1. A
 * device they had, or a country where enough of the service's users are, are 2 less. A journey counts to where the user was never near: between two places that are usual it is an alternation.
 */
function suspicionOf(
  profile: Profile,
  current: KnownPlace,
  { kind, id }: LocatedLogin,
  common: CommonKnowledge,
  journey: Journey | undefined,
  isDeviceNew: boolean | undefined,
  { travelKm, learningLogins }: Limits,
): Suspicion {
  const usual = profile.places.filter((each) => each !== current && each.standing === "usual");
  const isVisited =
    common.abroad >= EGRESS_COUNTRIES && common.visitors >= Math.max(EGRESS_VISITORS, common.users * EGRESS_SHARE);
  const isEgress = kind === "mobile" || common.jumpingUsers >= EGRESS_USERS || isVisited;
  const isNear = usual.some((each) => (distanceKm(each, current) ?? Infinity) < travelKm);
  const isTravel = journey !== undefined && !isEgress && !isNear;
  const isNewCountry = current.country !== undefined && usual.every(({ country }) => country !== current.country);
  const isNewAsn = current.asn !== undefined && usual.every(({ asn }) => asn !== current.asn);
  const isHosted = kind === "hosting" || kind === "vpn";
  const isCommon = common.countryUsers >= Math.max(COMMON_USERS, common.users * COMMON_SHARE);
  const points =
    (isTravel ? 4 : 0) +
    (isNewCountry ? (isCommon ? 2 : 4) : 0) +
    ((isNewAsn || ((isNewCountry || isTravel) && current.asn === undefined)) && !isEgress ? 1 : 0) +
    (isHosted && !isVisited ? (kind === "hosting" ? 3 : 2) : 0) +
    devicePoints(isDeviceNew, profile.logins >= 2 * learningLogins);
  const countries = [...new Set(usual.map(({ country }) => country))].filter((each) => each !== undefined).join(" ");
  const device = isDeviceNew === undefined ? "unknown" : isDeviceNew ? "new" : "known";
  const numbers = {
    country: current.country ?? "unknown",
    knownCountries: countries,
    asn: current.asn ?? 0,
    network: kind ?? "unlisted",
    device,
    points,
    countryUsers: common.countryUsers,
    ...(isTravel ? journey : {}),
  };
  const rest = `${isHosted ? ` (a ${kind} network)` : ""}${device === "unknown" ? "" : `, on a ${device} device`}`;
  if (isTravel) {
    const message = `User ${id} logged in from ${placeText(current)}${rest}, ${journey.km} km from where they were ${journey.minutes} minutes before: no journey is that fast.`;
    return { alarm: "impossible-travel", points, numbers, message };
  }
  if (isNewCountry) {
    const message = `User ${id} logged in from ${placeText(current)}${rest}; until now they came from ${countries}.`;
    return { alarm: "new-country", points, numbers, message };
  }
  return {
    alarm: "new-asn",
    points,
    numbers,
    message: `User ${id} logged in from ${placeText(current)}${rest}, a network they never used.`,
  };
}

/** Of a user who has logged in seldom, not every device was seen yet. */
function devicePoints(isNew: boolean | undefined, isWellKnown: boolean): number {
  if (isNew === false) return -2;
  return isNew === true && isWellKnown ? 2 : 1;
}

function placeText({ country, asn }: KnownPlace): string {
  return (
    [country, asn === undefined ? undefined : `AS${asn}`].filter((each) => each !== undefined).join(", ") || "elsewhere"
  );
}
