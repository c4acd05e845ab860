import { randomUUID } from "node:crypto";

export interface SurgeDetectorOptions {
  /** How many times the usual rate is a surge. Default 5. */
  readonly factor?: number | undefined;
  /** Requests a second below which nothing is one. Default 20. */
  readonly leastPerSecond?: number | undefined;
  /** Milliseconds that a rate is taken over. What is usual follows in sixty of them, and is known after six. Default `STEP_MS`. */
  readonly stepMs?: number | undefined;
}

/** A surge as far as it has been counted. Times are milliseconds since 1970. */
export interface CountedSurge {
  readonly id: string;
  readonly start: number;
  readonly end: number | undefined;
  readonly requests: number;
  readonly proven: number;
  readonly peakPerSecond: number;
  readonly baselinePerSecond: number;
}

/** What rates are taken over: short enough to tell a surge while it is one, long enough that two requests in one second are none. */
export const STEP_MS = 10_000;
/** Steps until something is usual: a service that has just been started has no surge. */
const WARM_UP_STEPS = 6;
/** Steps over which the usual rate follows the real one: ten minutes of `STEP_MS`. */
const MEMORY_STEPS = 60;

/**
 * Tells when requests come at many times the usual rate, and when they do so no more. What is usual is an exponential mean of sixty steps, which a surge does not change. A step that has enough
 * requests is one before it is over. A clock that jumps makes no surge.
 */
export class SurgeDetector {
  readonly #factor: number;
  readonly #leastPerSecond: number;
  readonly #stepMs: number;
  #stepStart: number | undefined;
  #stepCount = 0;
  #stepProven = 0;
  #steps = 0;
  #baselinePerSecond = 0;
  #second = 0;
  #secondCount = 0;
  #peakPerSecond = 0;
  #surge: CountedSurge | undefined;

  /** Throws a RangeError for numbers that are none. */
  constructor({ factor = 5, leastPerSecond = 20, stepMs = STEP_MS }: SurgeDetectorOptions = {}) {
    if (!(factor > 1 && factor < Infinity)) throw new RangeError(`factor is a number above 1, not ${factor}`);
    if (!(leastPerSecond > 0 && leastPerSecond < Infinity))
      throw new RangeError(`leastPerSecond is a number above 0, not ${leastPerSecond}`);
    if (!(stepMs >= 1 && stepMs < Infinity)) throw new RangeError(`stepMs is a number from 1, not ${stepMs}`);
    this.#factor = factor;
    this.#leastPerSecond = leastPerSecond;
    this.#stepMs = stepMs;
  }

  /** Counts a request. Answers a surge that has begun with it, or one that was over before it. */
  count(time: number, isProven: boolean): CountedSurge | undefined {
    const over = this.advance(time);
    this.#countSecond(time);
    this.#stepCount++;
    if (isProven) this.#stepProven++;
    const surge = this.#surge;
    if (surge !== undefined) {
      this.#surge = {
        ...surge,
        requests: surge.requests + 1,
        proven: surge.proven + (isProven ? 1 : 0),
        peakPerSecond: Math.max(surge.peakPerSecond, this.#secondCount),
      };
      return over;
    }
    if (over !== undefined || this.#steps < WARM_UP_STEPS || this.#stepCount < this.#threshold()) return over;
    this.#surge = {
      id: randomUUID(),
      start: this.#stepStart ?? time,
      end: undefined,
      requests: this.#stepCount,
      proven: this.#stepProven,
      peakPerSecond: this.#peakPerSecond,
      baselinePerSecond: this.#baselinePerSecond,
    };
    return this.#surge;
  }

  /** Without a request: answers a surge that is over by now. */
  advance(time: number): CountedSurge | undefined {
    if (this.#stepStart === undefined || time < this.#stepStart - this.#stepMs) return this.#begin(time);
    const passed = Math.floor((time - this.#stepStart) / this.#stepMs);
    if (passed < 1) return undefined;
    const surge = this.#surge;
    const isOver = surge !== undefined && (this.#stepCount < this.#threshold() || passed > 1);
    const end = this.#stepCount < this.#threshold() ? this.#stepStart : this.#stepStart + this.#stepMs;
    if (surge === undefined) this.#learn(this.#stepCount / (this.#stepMs / 1000));
    if (isOver) this.#surge = undefined;
    // Steps in which nobody came.
    if (passed > 1 && this.#surge === undefined) {
      this.#baselinePerSecond *= (1 - 1 / MEMORY_STEPS) ** (passed - 1);
      this.#steps += passed - 1;
    }
    this.#begin(this.#stepStart + passed * this.#stepMs);
    return isOver ? { ...surge, end } : undefined;
  }

  #begin(time: number): undefined {
    this.#stepStart = time;
    this.#stepCount = 0;
    this.#stepProven = 0;
    this.#peakPerSecond = 0;
    this.#secondCount = 0;
  }

  #learn(perSecond: number): void {
    this.#steps++;
    this.#baselinePerSecond += (perSecond - this.#baselinePerSecond) * Math.max(1 / this.#steps, 1 / MEMORY_STEPS);
  }

  #threshold(): number {
    return Math.max(this.#factor * this.#baselinePerSecond, this.#leastPerSecond) * (this.#stepMs / 1000);
  }

  #countSecond(time: number): void {
    const second = Math.floor(time / 1000);
    this.#secondCount = second === this.#second ? this.#secondCount + 1 : 1;
    this.#second = second;
    this.#peakPerSecond = Math.max(this.#peakPerSecond, this.#secondCount);
  }
}
