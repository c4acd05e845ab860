import { randomInt } from "node:crypto";
import { hashText } from "../traffic/cardinality.ts";
import { Distinct } from "./distinct.ts";
import { RecentMap } from "./recent-map.ts";
import { type Answer, type Judgement, NO_TALLY, type Step, type Tally } from "./state.ts";

/** Users, and subjects that are counted, that are remembered. */
export const DEFAULT_LIMIT = 100_000;
/** Steps ahead of time at which a clock counts as wrong: what it left in the future is forgotten. */
const AHEAD_MS = 60_000;

interface Counted {
  attempts: number;
  failures: number;
  recent: number;
  recentFailures: number;
  since: number;
  last: number;
  /** The hash of the only one, which most subjects have, or all of them. */
  members: number | Distinct | undefined;
  told: Readonly<Record<string, number>>;
}

/** Of most subjects nothing is ever told: they share it. */
const NOTHING_TOLD: Readonly<Record<string, number>> = {};

/** The state of one process: at most `limit` profiles and `limit` tallies, of which the one that was silent longest is forgotten first. */
export class MemoryState {
  readonly #seed = randomInt(2 ** 32);
  readonly #profiles: RecentMap<string>;
  readonly #tallies: RecentMap<Counted>;

  constructor(limit: number = DEFAULT_LIMIT) {
    this.#profiles = new RecentMap(limit);
    this.#tallies = new RecentMap(limit);
  }

  /** Runs a judgement to its end. */
  run<Result>(judgement: Judgement<Result>): Result {
    let next = judgement.next();
    while (next.done !== true) next = judgement.next(next.value.map((step) => this.#do(step)));
    return next.value;
  }

  #do(step: Step): Answer {
    switch (step.kind) {
      case "count":
        return this.#count(step);
      case "look": {
        const counted = this.#tallies.get(step.key);
        return counted === undefined || Math.abs(step.time - counted.last) > step.quietMs ? NO_TALLY : tallyOf(counted);
      }
      case "tell": {
        const counted = this.#tallies.get(step.key);
        if (counted === undefined || (counted.told[step.incident] ?? 0) >= step.size) return false;
        counted.told = { ...counted.told, [step.incident]: step.size };
        return true;
      }
      case "explain": {
        const counted = this.#tallies.get(step.key);
        if (counted === undefined) return undefined;
        counted.failures = Math.max(0, counted.failures - step.failures);
        counted.recentFailures = Math.max(0, counted.recentFailures - step.failures);
        return undefined;
      }
      case "load":
        return this.#profiles.get(step.key);
      case "save":
        this.#profiles.set(step.key, step.after);
        return true;
      case "drop":
        this.#profiles.delete(step.key);
        this.#tallies.delete(step.key);
        return undefined;
    }
  }

  #count({ key, time, failures, member, quietMs, longestMs }: Step & { readonly kind: "count" }): Tally {
    let counted = this.#tallies.get(key);
    if (
      counted === undefined ||
      time - counted.last > quietMs ||
      time - counted.since > longestMs ||
      time < counted.last - AHEAD_MS
    ) {
      counted = {
        attempts: 0,
        failures: 0,
        recent: 0,
        recentFailures: 0,
        since: time,
        last: time,
        members: undefined,
        told: NOTHING_TOLD,
      };
      this.#tallies.set(key, counted);
    }
    const kept = Math.exp(-Math.max(0, time - counted.last) / quietMs);
    counted.recent = counted.recent * kept + 1;
    counted.recentFailures = counted.recentFailures * kept + failures;
    counted.attempts++;
    counted.failures += failures;
    counted.last = time;
    if (member !== undefined) counted.members = withMember(counted.members, hashText(member, this.#seed));
    return tallyOf(counted);
  }
}

function withMember(members: Counted["members"], hash: number): number | Distinct {
  if (members === undefined || members === hash) return hash;
  const all = typeof members === "number" ? new Distinct(members) : members;
  all.add(hash);
  return all;
}

function tallyOf({ attempts, failures, recent, recentFailures, members, told }: Counted): Tally {
  return {
    attempts,
    failures,
    recent,
    recentFailures,
    members: typeof members === "number" ? 1 : (members?.count ?? 0),
    isExact: typeof members !== "object" || members.isExact,
    told,
  };
}
