import { HeavyHitters } from "./heavy-hitters.ts";
import { networksOf } from "./networks.ts";

/** How long a source is remembered at least, in milliseconds; and twice that at most. */
const MEMORY_MS = 600_000;
/** Addresses and networks that are remembered: what is rarer is unknown. */
const CAPACITY = 4096;
/** How many times as much as usual a source asks that is part of a surge. */
const RISE_FACTOR = 5;

interface Generation {
  readonly start: number;
  readonly hitters: HeavyHitters;
}

/** Who asked how often before a surge: a large customer is no attacker, however large. Nothing is added while there is one. */
export class UsualSources {
  #before: Generation | undefined;
  #now: Generation | undefined;
  #latest = 0;

  add(source: string, time: number): void {
    if (this.#now === undefined || time - this.#now.start >= MEMORY_MS || time < this.#now.start) {
      this.#before = this.#now;
      this.#now = { start: time, hitters: new HeavyHitters(CAPACITY) };
    }
    this.#latest = time;
    const { hitters } = this.#now;
    hitters.add(source, true);
    const { prefix, link } = networksOf(source);
    if (prefix !== undefined) hitters.add(prefix, true);
    if (link !== undefined) hitters.add(link, true);
  }

  /** Of these prefixes, which ask `perSecond`, those that ask many times more than before. */
  risen(prefixes: readonly string[], perSecond: (prefix: string) => number): readonly string[] {
    const generations = [this.#before, this.#now].filter((each) => each !== undefined);
    const seconds = Math.max(1, (this.#latest - (generations[0]?.start ?? this.#latest)) / 1000);
    const counts = new Map<string, number>();
    for (const { hitters } of generations)
      for (const { key, count, error } of hitters.entries()) counts.set(key, (counts.get(key) ?? 0) + count - error);
    return prefixes.filter((prefix) => {
      const usual = (counts.get(prefix.replace(/\/32$/, "")) ?? 0) / seconds;
      return perSecond(prefix) >= RISE_FACTOR * usual;
    });
  }
}
