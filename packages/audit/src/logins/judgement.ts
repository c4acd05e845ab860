import type { LocatedLogin } from "./attempt.ts";
import { judgeAttack } from "./attack-judgement.ts";
import type { LoginFinding } from "../event/login-finding.ts";
import { type CommonKnowledge, hasPlace, isOwn, judgePlace } from "./place-judgement.ts";
import { formatProfile, newProfile, parseProfile, type Profile, samePlace, type Standing } from "./profile.ts";
import type { Limits } from "./rules.ts";
import type { ServiceHistory } from "./service-history.ts";
import { type Judgement, NO_TALLY, type Step, type Tally } from "./state.ts";

/** How often a profile is written anew when another replica was faster. */
const SAVE_ATTEMPTS = 64;
/** How long is remembered what all users teach, in milliseconds: a month. */
const COMMON_MS = 30 * 24 * 3_600_000;

const profileKey = (id: string): string => `user:${id}`;

/** Everything that is kept under a user's name. */
export function forgottenKeys(id: string): readonly string[] {
  return [profileKey(id), `strange:${id}`, `hidden:${id}`, `hit:${id}`];
}

/** All that is unusual about a login. */
export function* judgeLogin(
  login: LocatedLogin,
  limits: Limits,
  history: ServiceHistory,
): Judgement<readonly LoginFinding[]> {
  const key = profileKey(login.id);
  const [loaded] = (yield [{ kind: "load", key }]) as [string | undefined];
  const known = parseProfile(loaded);
  const isUsual = isOwn(known, login, limits);
  const findings: LoginFinding[] = [...(yield* judgeAttack(login, isUsual, limits, history))];
  // Failures, and clients that are not proven, teach nothing.
  if (login.success && login.source !== undefined) {
    const finding = yield* judgeSuccess(login, loaded, known, limits);
    if (finding !== undefined) findings.push(finding);
  }
  return findings;
}

function* judgeSuccess(
  login: LocatedLogin,
  loaded: string | undefined,
  known: Profile | undefined,
  limits: Limits,
): Judgement<LoginFinding | undefined> {
  const key = profileKey(login.id);
  let before = loaded;
  let current = known;
  for (let attempt = 0; attempt < SAVE_ATTEMPTS; attempt++) {
    const profile = current ?? newProfile(login.time);
    const isKnown = samePlace(profile, login.place ?? {}, limits.travelKm) !== undefined;
    const pair = pairOf(profile.places[0]?.asn, login.place?.asn);
    const common = isKnown || !hasPlace(login) ? NOTHING : yield* commonKnowledge(login, pair);
    const from = profile.places[0]?.country;
    const isAbroad = from !== undefined && from !== login.place?.country;
    const { finding, learnt, isJump } = judgePlace(profile, login, common, limits);
    const [isSaved] = (yield [{ kind: "save", key, before, after: formatProfile(profile) }]) as [boolean];
    if (isSaved) {
      const { country } = login.place ?? {};
      const steps = [
        ...(learnt === undefined ? [] : [teach("users", login)]),
        ...(learnt === undefined || country === undefined ? [] : [teach(`country:${country}`, login)]),
        ...(isJump ? [teach(pair, login)] : []),
        ...(isJump && isAbroad ? [teach(abroadKey(login), login, from), teach(visitorsKey(login), login)] : []),
      ];
      if (steps.length > 0) yield steps;
      return finding;
    }
    [before] = (yield [{ kind: "load", key }]) as [string | undefined];
    current = parseProfile(before);
  }
  return undefined;
}

const NOTHING: CommonKnowledge = { users: 0, countryUsers: 0, jumpingUsers: 0, abroad: 0, visitors: 0 };

function pairOf(one = 0, other = 0): string {
  return `jump:${Math.min(one, other)}-${Math.max(one, other)}`;
}

const abroadKey = ({ place }: LocatedLogin): string => `abroad:${place?.asn ?? 0}`;
const visitorsKey = ({ place }: LocatedLogin): string => `visitors:${place?.asn ?? 0}`;

function* commonKnowledge(login: LocatedLogin, pair: string): Judgement<CommonKnowledge> {
  const { place = {}, time } = login;
  const keys = ["users", `country:${place.country ?? ""}`, pair, abroadKey(login), visitorsKey(login)];
  const answers = yield keys.map((key): Step => ({ kind: "look", key, time, quietMs: COMMON_MS }));
  const [users = 0, countryUsers = 0, jumpingUsers = 0, abroad = 0, visitors = 0] = answers.map(
    (answer) => ((answer ?? NO_TALLY) as Tally).members,
  );
  return { users, countryUsers, jumpingUsers, abroad, visitors };
}

function teach(key: string, { id, time }: LocatedLogin, member: string = id): Step {
  return { kind: "count", key, time, failures: 0, member, quietMs: COMMON_MS, longestMs: COMMON_MS };
}

/** Puts the places of a user that alarmed to another standing; answers how many there were. */
export function* settlePlaces(id: string, standing: Standing): Judgement<number> {
  const key = profileKey(id);
  for (let attempt = 0; attempt < SAVE_ATTEMPTS; attempt++) {
    const [before] = (yield [{ kind: "load", key }]) as [string | undefined];
    const profile = parseProfile(before);
    const places = profile?.places.filter((each) => each.standing !== "usual") ?? [];
    if (profile === undefined || places.length === 0) return 0;
    for (const place of places) place.standing = standing;
    const [isSaved] = (yield [{ kind: "save", key, before, after: formatProfile(profile) }]) as [boolean];
    if (isSaved) return places.length;
  }
  return 0;
}

/** Forgets all that is kept under a user's name. In the estimates of sources nobody can be found again. */
export function* forgetUser(id: string): Judgement<void> {
  yield forgottenKeys(id).map((key): Step => ({ kind: "drop", key }));
}
