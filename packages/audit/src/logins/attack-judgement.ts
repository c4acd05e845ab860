// Over 300 lines, because the rules are one decision: each reads the tallies of one login, in one order, and a source that explains failures silences the larger ones.
import type { LocatedLogin } from "./attempt.ts";
import { DISTINCT_ERROR } from "./distinct.ts";
import { findingOf, type LoginEntity, type LoginFinding } from "../event/login-finding.ts";
import type { Limits } from "./rules.ts";
import { type ServiceHistory, STEP_MS, STEPS } from "./service-history.ts";
import { type Judgement, NO_TALLY, type Step, type Tally } from "./state.ts";

/** Longest time that is counted together, in milliseconds: a day. */
const LONGEST_MS = 24 * 3_600_000;
/** Users from which guessing is spraying. */
const SPRAYED_USERS = 5;
/** Failures and users that make a network (/24, /48) and a system a source of its own, in those of one address. */
const NETWORK_FACTOR = 2;
const NETWORK_USERS = 10;
const SYSTEM_FACTOR = 5;
const SYSTEM_USERS = 20;
/** So many times the failures a source is told of although a larger one that contains it is. */
const COVERED_FACTOR = 2;
/** Share of failures of a source that attacks: of all its attempts, and of its recent ones. */
const SHARE = 0.5;
const RECENT_SHARE = 0.3;
/** Failures of each user of a shared source that is told: an estimate of its users may be off. */
const SHARED_FAILURES = 0.8;
/** Sources from which guessing one user is distributed. */
const FEW_SOURCES = 3;
/** It is told again at so many times as many, and at doublings from there. */
const FIRST_DOUBLING = 5;
/** A surge: failures in five minutes, at least, and times the usual number and share. */
const SURGE_FAILURES = 25;
/** Networks that they come from, as a share of them. */
const SURGE_NETWORKS = 0.6;
/** And how much of it the heaviest source or user may have: one that has more is told of soon. */
const SURGE_HEAVIEST = 0.5;
const SURGE_FACTOR = 3;
const SURGE_SHARE_FACTOR = 2;
/** Logins without a proven client in five minutes, at least, and their share beyond three times the usual one. */
const UNPROVEN_LOGINS = 20;
const UNPROVEN_SHARE = 0.05;

interface Source {
  readonly entity: LoginEntity;
  readonly key: string;
  tally: Tally;
}

/**
 * Counts a login for its user, its source at every level, and the service. A failure that an incident of a smaller source explains is not counted for the larger one, so that
 * one attack is told under one name. A user's failures from a usual place are theirs: an old password in a mail client is no attack.
 */
export function* judgeAttack(
  login: LocatedLogin,
  isUsual: boolean,
  limits: Limits,
  history: ServiceHistory,
): Judgement<readonly LoginFinding[]> {
  const { id, time, success, source } = login;
  const quietMs = limits.sharedWindowMs;
  const isStrange = !success && !isUsual;
  const count = (key: string, failures: 0 | 1, member?: string): Step => ({
    kind: "count",
    key,
    time,
    failures,
    member,
    quietMs,
    longestMs: LONGEST_MS,
  });
  const sources = sourcesOf(login);
  const userKey = userKeyOf(login);
  const looks = isStrange
    ? ((yield [userKey, ...sources.map(({ key }) => key)].map((key): Step => ({
        kind: "look",
        key,
        time,
        quietMs,
      }))) as readonly Tally[])
    : [];
  // The smallest source that has an incident explains the failure to all that contain it, and so does the user who is guessed at.
  const attacker = looks.findIndex((tally, index) => index > 0 && isAttacking(tally)) - 1;
  const explainer = attacker >= 0 ? attacker : isAttacking(looks[0] ?? NO_TALLY) ? 0 : sources.length;
  const failure = isStrange ? 1 : 0;
  const steps: Step[] = sources.map(({ key }, level) => {
    if (!isStrange || level <= explainer) return count(key, failure, id);
    return { kind: "look", key, time, quietMs };
  });
  // What one source that attacks explains is no distributed attack.
  const userStep: Step =
    isStrange && attacker < 0 ? count(userKey, 1, source) : { kind: "look", key: userKey, time, quietMs };
  const answers = (yield [...steps, userStep]) as readonly Tally[];
  for (const [index, each] of sources.entries()) each.tally = answers[index] ?? NO_TALLY;
  const strange = answers[sources.length] ?? NO_TALLY;
  const findings: LoginFinding[] = [];
  if (success) {
    const finding = yield* judgeHit(login, isUsual, sources, strange, limits);
    if (finding !== undefined) findings.push(finding);
  } else {
    const finding = yield* judgeUser(login, strange, limits);
    if (finding !== undefined) findings.push(finding);
  }
  findings.push(...(yield* judgeSources(login, isStrange, sources, limits)));
  const isExplained = sources.some(({ tally }) => isAttacking(tally)) || isAttacking(strange);
  const largest = Math.max(strange.recentFailures, ...sources.map(({ tally }) => tally.recentFailures));
  findings.push(
    ...(yield* judgeService(
      login,
      source !== undefined && isStrange && !isExplained && findings.length === 0,
      largest,
      history,
    )),
  );
  return findings;
}

function isAttacking({ told }: Tally): boolean {
  return (told["guessing"] ?? 0) > 0 || (told["spraying"] ?? 0) > 0;
}

/** From the smallest to the largest. */
function sourcesOf({ source, network, place }: LocatedLogin): Source[] {
  if (source === undefined || network === undefined) return [];
  return [
    { entity: { kind: "address", value: source }, key: `from:${source}`, tally: NO_TALLY },
    { entity: { kind: "network", value: network }, key: `from:${network}`, tally: NO_TALLY },
    ...(place?.asn === undefined
      ? []
      : [{ entity: { kind: "asn", value: `AS${place.asn}` } as const, key: `from:AS${place.asn}`, tally: NO_TALLY }]),
  ];
}

/** A success from a strange place, of a user who was guessed at, or from a source that attacks. */
function* judgeHit(
  { id, kind, time }: LocatedLogin,
  isUsual: boolean,
  sources: readonly Source[],
  strange: Tally,
  { failuresBefore, sharedWindowMs }: Limits,
): Judgement<LoginFinding | undefined> {
  const attacker = sources.slice(0, 2).find(({ tally }) => isAttacking(tally));
  if (isUsual || kind === "egress" || (attacker === undefined && strange.failures < failuresBefore)) return undefined;
  const key = `hit:${id}`;
  yield [{ kind: "count", key, time, failures: 0, member: undefined, quietMs: sharedWindowMs, longestMs: LONGEST_MS }];
  const [isNews] = (yield [{ kind: "tell", key, incident: "hit", size: 1 }]) as [boolean];
  if (!isNews) return undefined;
  const why =
    attacker === undefined
      ? `after ${strange.failures} failures from places that are not theirs`
      : `from ${attacker.entity.value}, which had ${attacker.tally.failures} failures with ${attacker.tally.members} users`;
  return findingOf("login-after-failures", { kind: "user", value: id }, `A login as ${id} succeeded ${why}.`, {
    failures: strange.failures,
    sources: strange.members,
    source: sources[0]?.entity.value ?? "unproven",
    sourceFailures: attacker?.tally.failures ?? 0,
  });
}

/** A user's failures from clients that are not proven are counted by themselves: they may have one source or a thousand. */
function userKeyOf({ id, source }: LocatedLogin): string {
  return source === undefined ? `hidden:${id}` : `strange:${id}`;
}

function* judgeUser(login: LocatedLogin, tries: Tally, { userFailures }: Limits): Judgement<LoginFinding | undefined> {
  const { id, source } = login;
  if (tries.failures < userFailures || (source !== undefined && tries.members < FEW_SOURCES)) return undefined;
  const size = sizeOf(tries.members, FEW_SOURCES * FIRST_DOUBLING);
  if ((tries.told["guessing"] ?? 0) >= size) return undefined;
  const [isNews] = (yield [{ kind: "tell", key: userKeyOf(login), incident: "guessing", size }]) as [boolean];
  if (!isNews) return undefined;
  const sources = source === undefined ? "clients that are not proven" : `${countText(tries)} sources`;
  return findingOf(
    "distributed-guessing",
    { kind: "user", value: id },
    `The password of ${id} is being guessed: ${tries.failures} failures from ${sources}.`,
    { failures: tries.failures, sources: tries.members, ...errorOf(tries, "sources") },
    size - 1,
  );
}

function* judgeSources(
  { success, kind, time }: LocatedLogin,
  isStrange: boolean,
  sources: readonly Source[],
  limits: Limits,
): Judgement<readonly LoginFinding[]> {
  const [address] = sources;
  if (address === undefined) return [];
  const findings: LoginFinding[] = [];
  const isCovered = sources.slice(1).some(({ tally }) => isAttacking(tally));
  const shared = sizeOf(address.tally.members, limits.sharedUsers + 1);
  if (address.tally.members > limits.sharedUsers && !isCovered && !isAttacking(address.tally)) {
    const { failures, attempts } = address.tally;
    const share = failures / attempts;
    const isTold =
      limits.sharedFailureShare === 0 ||
      (share >= limits.sharedFailureShare && failures >= address.tally.members * SHARED_FAILURES);
    if (isTold && (address.tally.told["shared"] ?? 0) < shared) {
      const [isNews] = (yield [{ kind: "tell", key: address.key, incident: "shared", size: shared }]) as [boolean];
      if (isNews) findings.push(sharedFinding(address, shared - 1, limits));
    }
  }
  if (success || !isStrange || kind === "egress") return findings;
  for (const [level, each] of sources.entries()) {
    // The larger source's incident covers a smaller one, unless it has much to itself.
    const isInside = sources.slice(level + 1).some(({ tally }) => isAttacking(tally));
    const incident = attackOf(each, level, limits, isInside ? COVERED_FACTOR : 1);
    if (incident === undefined) continue;
    const size = incident === "guessing" ? 1 : sizeOf(each.tally.members, 2 * SPRAYED_USERS);
    if ((each.tally.told[incident] ?? 0) >= size) break;
    const [isNews] = (yield [{ kind: "tell", key: each.key, incident, size }]) as [boolean];
    if (!isNews) break;
    if (!isAttacking(each.tally)) {
      const { failures } = each.tally;
      const others = [...sources.slice(level + 1).map(({ key }) => key), `failed:${Math.floor(time / STEP_MS)}`];
      yield others.map((key): Step => ({ kind: "explain", key, failures }));
    }
    findings.push(attackFinding(each, incident, size - 1));
    break;
  }
  return findings;
}

function attackOf(
  { tally }: Source,
  level: number,
  { sourceFailures }: Limits,
  factor: number,
): "guessing" | "spraying" | undefined {
  const { attempts, failures, recent, recentFailures, members } = tally;
  const least = factor * sourceFailures * ([1, NETWORK_FACTOR, SYSTEM_FACTOR][level] ?? 1);
  const isWhole = level === 0 && failures >= least && failures >= attempts * SHARE;
  const isRecent = recentFailures >= least && recentFailures >= recent * RECENT_SHARE;
  if (!isWhole && !isRecent) return undefined;
  if (level === 0) return members < SPRAYED_USERS ? "guessing" : "spraying";
  return members >= (level === 1 ? NETWORK_USERS : SYSTEM_USERS) ? "spraying" : undefined;
}

function attackFinding({ entity, tally }: Source, incident: "guessing" | "spraying", repeat: number): LoginFinding {
  const { failures, attempts, members } = tally;
  const share = Math.round((100 * failures) / attempts);
  const numbers = {
    source: entity.value,
    failures,
    attempts,
    users: members,
    failureShare: share / 100,
    ...errorOf(tally, "users"),
  };
  return incident === "guessing"
    ? findingOf(
        "password-guessing",
        entity,
        `${entity.value} guesses passwords: ${failures} failures for ${countText(tally)} user${members === 1 ? "" : "s"}.`,
        numbers,
        repeat,
      )
    : findingOf(
        "password-spraying",
        entity,
        `${entity.value} tries many users: ${failures} failures (${share} % of its attempts) for ${countText(tally)} users.`,
        numbers,
        repeat,
      );
}

function sharedFinding(
  { entity, tally }: Source,
  repeat: number,
  { sharedFailureShare, sharedWindowMs }: Limits,
): LoginFinding {
  const { failures, attempts, members } = tally;
  const share = Math.round((100 * failures) / attempts);
  const reading =
    failures / attempts < Math.max(sharedFailureShare, RECENT_SHARE)
      ? "as an office or a provider's NAT has them"
      : "more than people make";
  return findingOf(
    "shared-source",
    entity,
    `${countText(tally)} users came from ${entity.value}; ${share} % of their attempts failed, ${reading}.`,
    {
      source: entity.value,
      users: members,
      ...errorOf(tally, "users"),
      failures,
      attempts,
      failureShare: share / 100,
      minutes: sharedWindowMs / 60_000,
    },
    repeat,
  );
}

function* judgeService(
  { time, source, network, success }: LocatedLogin,
  isUnexplained: boolean,
  largest: number,
  history: ServiceHistory,
): Judgement<readonly LoginFinding[]> {
  const step = Math.floor(time / STEP_MS);
  if (step !== history.step) {
    history.step = step;
    const before = Array.from({ length: STEPS }, (_, index) => step - 1 - index);
    const look = (kind: string): Step[] =>
      before.map((each) => ({ kind: "look", key: `${kind}:${each}`, time, quietMs: STEPS * STEP_MS + STEP_MS }));
    const totals = (yield [...look("failed"), ...look("unproven")]) as readonly Tally[];
    history.heaviest = 0;
    history.failures.learn(totals.slice(0, STEPS));
    history.unproven.learn(totals.slice(STEPS));
  }
  const count = (key: string, failures: 0 | 1): Step => ({
    kind: "count",
    key,
    time,
    failures,
    member: failures === 1 ? network : undefined,
    quietMs: (STEPS + 1) * STEP_MS,
    longestMs: LONGEST_MS,
  });
  const [failed, unproven] = (yield [
    count(`failed:${step}`, isUnexplained ? 1 : 0),
    count(`unproven:${step}`, source === undefined ? 1 : 0),
  ]) as [Tally, Tally];
  if (isUnexplained) history.heaviest = Math.max(history.heaviest, largest);
  const findings: LoginFinding[] = [];
  const usual = history.failures.baseline;
  if (
    usual !== undefined &&
    isUnexplained &&
    // A single source or user has most of them, and is told of soon.
    history.heaviest < failed.failures * SURGE_HEAVIEST &&
    failed.members >= failed.failures * SURGE_NETWORKS &&
    failed.failures >= Math.max(SURGE_FAILURES, usual.failures * SURGE_FACTOR) &&
    failed.failures / failed.attempts >= usual.share * SURGE_SHARE_FACTOR &&
    (yield* isFirst(`failed:${step}`, failed, history.failures.isTold))
  ) {
    findings.push(
      findingOf(
        "failure-surge",
        { kind: "service", value: "service" },
        `${failed.failures} of ${failed.attempts} logins failed within five minutes; ${usual.failures} are usual. No single source explains them.`,
        {
          failures: failed.failures,
          attempts: failed.attempts,
          usualFailures: usual.failures,
          usualShare: round(usual.share),
          minutes: STEP_MS / 60_000,
        },
      ),
    );
  }
  const proven = history.unproven.baseline;
  if (
    proven !== undefined &&
    source === undefined &&
    unproven.failures >= UNPROVEN_LOGINS &&
    unproven.failures / unproven.attempts >= UNPROVEN_SHARE + SURGE_FACTOR * proven.share &&
    (yield* isFirst(`unproven:${step}`, unproven, history.unproven.isTold))
  ) {
    findings.push(
      findingOf(
        "unproven-surge",
        { kind: "service", value: "service" },
        `${unproven.failures} of ${unproven.attempts} logins within five minutes had no proven client; ${Math.round(100 * proven.share)} % are usual. A malformed header hides who asks.`,
        {
          unproven: unproven.failures,
          attempts: unproven.attempts,
          usualShare: round(proven.share),
          success: success ? 1 : 0,
          minutes: STEP_MS / 60_000,
        },
      ),
    );
  }
  return findings;
}

/** A surge that goes on is marked in each step, and told in the first. */
function* isFirst(key: string, tally: Tally, isTold: boolean): Judgement<boolean> {
  if ((tally.told["surge"] ?? 0) > 0) return false;
  const [isNews] = (yield [{ kind: "tell", key, incident: "surge", size: 1 }]) as [boolean];
  return isNews && !isTold;
}

/** 1 for the least, and one more for each doubling. */
function sizeOf(members: number, least: number): number {
  return 1 + Math.max(0, Math.floor(Math.log2(members / least)));
}

function countText({ members, isExact }: Tally): string {
  return isExact ? String(members) : `about ${members}`;
}

function errorOf({ members, isExact }: Tally, name: string): Readonly<Record<string, number>> {
  return isExact ? {} : { [`${name}Error`]: Math.round(members * DISTINCT_ERROR) };
}

function round(share: number): number {
  return Math.round(share * 1000) / 1000;
}
