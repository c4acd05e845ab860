import { HeavyHitters } from "./heavy-hitters.ts";
import { networksOf } from "./networks.ts";

/** Time without a surge over which sources are remembered at least, in milliseconds; and twice that at most. */
const MEMORY_MS = 600_000;
/** Addresses and networks that are remembered: what is rarer is unknown. */
const CAPACITY = 4096;
/** How many times as much as usual a source asks that is part of a surge. */
const RISE_FACTOR = 5;
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
 * Who asked how often before a surge: a large customer is no attacker, however large. What came in a step becomes usual when the step is over; the step in which a surge begins is the surge's,
 * and while there is one nothing is added and no time passes.
 */
export class UsualSources {
  readonly #stepMs: number;
  #before: Generation | undefined;
  #now: Generation = { ms: 0, hitters: new HeavyHitters(CAPACITY) };
  #step: Step | undefined;

  constructor(stepMs: number) {
    this.#stepMs = Math.max(LEAST_STEP_MS, stepMs);
  }

  add(source: string, time: number): void {
    const begun = this.#step;
    const isOver = begun === undefined || time - begun.start >= this.#stepMs || time < begun.start;
    if (begun !== undefined && isOver) this.#keep(begun, Math.max(0, time - begun.start));
    const step = isOver ? { start: time, hitters: new HeavyHitters(CAPACITY) } : begun;
    this.#step = step;
    step.hitters.add(source, true);
    const { prefix, link } = networksOf(source);
    if (prefix !== undefined) step.hitters.add(prefix, true);
    if (link !== undefined) step.hitters.add(link, true);
  }

  /** A surge has begun: what came since the last step is part of it. */
  interrupt(): void {
    this.#step = undefined;
  }

  /** Of these prefixes, which ask `perSecond`, those that ask many times more than before. */
  risen(prefixes: readonly string[], perSecond: (prefix: string) => number): readonly string[] {
    const generations = [this.#before, this.#now].filter((each) => each !== undefined);
    const seconds = Math.max(1, generations.reduce((sum, { ms }) => sum + ms, 0) / 1000);
    const counts = new Map<string, number>();
    for (const { hitters } of generations)
      for (const { key, count, error } of hitters.entries()) counts.set(key, (counts.get(key) ?? 0) + count - error);
    return prefixes.filter((prefix) => {
      const usual = (counts.get(prefix.replace(/\/32$/, "")) ?? 0) / seconds;
      return perSecond(prefix) >= RISE_FACTOR * usual;
    });
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
