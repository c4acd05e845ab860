import { HeavyHitters } from "./heavy-hitters.ts";
import { networksOf } from "./networks.ts";

/** Time without a surge over which sources are remembered at least, in milliseconds; and twice that at most. */
const MEMORY_MS = 600_000;
/** Addresses and networks that are remembered: what is rarer is unknown. */
const CAPACITY = 4096;
/** How many times as much as usual a source asks that is part of a surge. */
const RISE_FACTOR = 5;
/** Standard deviations, and requests, by which it asks more often by chance (Poisson): one request more is no rise. */
const CHANCE = 3;
/** Shortest step, in milliseconds: each has a summary of its own. */
const LEAST_STEP_MS = 1000;

interface Generation {
  /** Milliseconds without a surge that it counts over. */
  ms: number;
  readonly hitters: HeavyHitters;
}

interface Step {
  readonly start: number;
  readonly hitters: HeavyHitters;
}

/**
 * Who asked how often before a surge, and since it began: a large customer is no attacker, however large. What came in a step becomes usual when the step is over; the step in which a surge begins
 * is the surge's, and while there is one nothing becomes usual and no time passes.
 */
export class UsualSources {
  readonly #stepMs: number;
  #before: Generation | undefined;
  #now: Generation = { ms: 0, hitters: new HeavyHitters(CAPACITY) };
  #step: Step | undefined;
  #surge: Step | undefined;

  constructor(stepMs: number) {
    this.#stepMs = Math.max(LEAST_STEP_MS, stepMs);
  }

  add(source: string, time: number, isSurge: boolean): void {
    if (isSurge) this.begin(time);
    else this.#surge = undefined;
    const { hitters } = this.#surge ?? this.#stepAt(time);
    hitters.add(source, true);
    const { prefix, link } = networksOf(source);
    if (prefix !== undefined) hitters.add(prefix, true);
    if (link !== undefined) hitters.add(link, true);
  }

  /** A surge is on: what came since the last step is part of it. */
  begin(time: number): void {
    this.#surge ??= this.#stepAt(time);
    this.#step = undefined;
  }

  /** Of these prefixes, those that have asked many times more since the surge began than before. */
  risen(prefixes: readonly string[], time: number): readonly string[] {
    const surge = this.#surge;
    if (surge === undefined) return [];
    const before = [this.#before, this.#now].filter((each) => each !== undefined);
    const usual = sumOf(before.map(({ hitters }) => hitters));
    const usualSeconds = secondsOf(before.reduce((sum, { ms }) => sum + ms, 0));
    const now = sumOf([surge.hitters]);
    const share = secondsOf(time - surge.start) / usualSeconds;
    return prefixes.filter((prefix) => {
      const name = prefix.replace(/\/32$/, "");
      const expected = (usual.get(name) ?? 0) * share;
      return (now.get(name) ?? 0) >= RISE_FACTOR * expected + CHANCE * (Math.sqrt(expected) + 1);
    });
  }

  #stepAt(time: number): Step {
    const begun = this.#step;
    if (begun !== undefined && time - begun.start < this.#stepMs && time >= begun.start) return begun;
    if (begun !== undefined) this.#keep(begun, Math.max(0, time - begun.start));
    return (this.#step = { start: time, hitters: new HeavyHitters(CAPACITY) });
  }

  #keep(step: Step, ms: number): void {
    if (this.#now.ms >= MEMORY_MS) {
      this.#before = this.#now;
      this.#now = { ms: 0, hitters: new HeavyHitters(CAPACITY) };
    }
    this.#now.ms += ms;
    for (const { key, count, error } of step.hitters.entries()) this.#now.hitters.add(key, true, count - error);
  }
}

const secondsOf = (ms: number): number => Math.max(1, ms / 1000);

/** What each key was counted at least. */
function sumOf(parts: readonly HeavyHitters[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const part of parts)
    for (const { key, count, error } of part.entries()) counts.set(key, (counts.get(key) ?? 0) + count - error);
  return counts;
}
