import { randomUUID } from "node:crypto";
import type { SurgeChange } from "../event/surge.ts";
import { above, checkOptions, milliseconds, type Shapes } from "@wherefrom/core/internal";

/** From when on more traffic is a surge. */
export interface SurgeDetectorOptions {
  /** How many times the usual rate is a surge. Default 5. */
  readonly factor?: number | undefined;
  /** Requests a second below which nothing is one. Default 20. */
  readonly leastPerSecond?: number | undefined;
  /** Milliseconds that a rate is taken over. What is usual follows in sixty of them, and is known after six. Default 10,000. */
  readonly stepMs?: number | undefined;
  /** Requests a second that are usual when it starts, as configured or as `watch.baselinePerSecond` was before: a process that starts during an attack tells it at once. Default: learnt in the first six steps, which tell of no surge. */
  readonly baselinePerSecond?: number | undefined;
  /** Milliseconds after which a surge that goes on is the new usual rate, and is published as adopted. Default an hour. */
  readonly adoptAfterMs?: number | undefined;
}

export const SURGE_SHAPES: Shapes<SurgeDetectorOptions> = {
  factor: above(1),
  leastPerSecond: above(0),
  stepMs: milliseconds(1),
  baselinePerSecond: above(0),
  adoptAfterMs: milliseconds(1),
};

/** A surge as far as it has been counted. Times are milliseconds since 1970. */
export interface CountedSurge {
  readonly id: string;
  readonly start: number;
  readonly end: number | undefined;
  readonly requests: number;
  readonly proven: number;
  readonly peakPerSecond: number;
  readonly baselinePerSecond: number;
  /** Why it is published. */
  readonly change: SurgeChange;
}

/** What rates are taken over: short enough to tell a surge while it is one, long enough that two requests in one second are none. */
export const STEP_MS = 10_000;
/** Steps until something is usual: a service that has just been started has no surge. */
const WARM_UP_STEPS = 6;
/** Steps over which the usual rate follows the real one: ten minutes of `STEP_MS`. */
const MEMORY_STEPS = 60;
/** A surge is published again when its rate has grown by this factor since the last time. */
const ESCALATION_FACTOR = 2;
const ADOPT_AFTER_MS = 3_600_000;

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
  /** Requests of the step that was told last. */
  #toldCount = 0;
  readonly #adoptAfterMs: number;

  constructor(options: SurgeDetectorOptions = {}) {
    checkOptions<SurgeDetectorOptions>("SurgeDetector", options, SURGE_SHAPES);
    const {
      factor = 5,
      leastPerSecond = 20,
      stepMs = STEP_MS,
      baselinePerSecond,
      adoptAfterMs = ADOPT_AFTER_MS,
    } = options;
    this.#adoptAfterMs = adoptAfterMs;
    if (baselinePerSecond !== undefined) {
      this.#baselinePerSecond = baselinePerSecond;
      this.#steps = WARM_UP_STEPS;
    }
    this.#factor = factor;
    this.#leastPerSecond = leastPerSecond;
    this.#stepMs = stepMs;
  }

  /** Requests a second that are usual; undefined until something is. */
  get baselinePerSecond(): number | undefined {
    return this.#steps < WARM_UP_STEPS ? undefined : this.#baselinePerSecond;
  }

  get isSurge(): boolean {
    return this.#surge !== undefined;
  }

  /** The surge that is on. */
  get surge(): CountedSurge | undefined {
    return this.#surge;
  }

  /** Nothing is known from now on until the next request: answers the surge that was on, as over. What is usual stays so. */
  stop(time: number): CountedSurge | undefined {
    const surge = this.#surge;
    this.#surge = undefined;
    this.#begin(time);
    this.#stepStart = undefined;
    return surge === undefined ? undefined : { ...surge, end: time, change: "ended" };
  }

  /** Counts a request. Answers a surge that has begun with it, or one that was over before it. */
  count(time: number, isProven: boolean): CountedSurge | undefined {
    return this.#add(time, 1, isProven ? 1 : 0);
  }

  /** The same for requests of several machines, of which there were `perSecond` in the time that they came in. */
  countMany(time: number, requests: number, proven: number, perSecond: number): CountedSurge | undefined {
    return requests === 0 ? this.advance(time) : this.#add(time, requests, proven, perSecond);
  }

  #add(time: number, requests: number, proven: number, known?: number): CountedSurge | undefined {
    const over = this.advance(time);
    const perSecond = known ?? this.#countSecond(time);
    this.#peakPerSecond = Math.max(this.#peakPerSecond, perSecond);
    this.#stepCount += requests;
    this.#stepProven += proven;
    const surge = this.#surge;
    if (surge !== undefined) {
      this.#surge = {
        ...surge,
        requests: surge.requests + requests,
        proven: surge.proven + proven,
        peakPerSecond: Math.max(surge.peakPerSecond, perSecond),
      };
      if (over !== undefined || this.#stepCount < ESCALATION_FACTOR * this.#toldCount) return over;
      this.#toldCount = this.#stepCount;
      return { ...this.#surge, change: "escalated" };
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
      change: "begun",
    };
    // What it is in its first step is known when that is over.
    this.#toldCount = Infinity;
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
    if (surge !== undefined && !isOver && time - surge.start >= this.#adoptAfterMs) {
      // It is no surge any more but what there is: the service has become so busy.
      this.#baselinePerSecond = this.#stepCount / (this.#stepMs / 1000);
      this.#surge = undefined;
      const end = this.#stepStart + this.#stepMs;
      this.#begin(end);
      return { ...surge, end, change: "adopted" };
    }
    if (this.#toldCount === Infinity) this.#toldCount = this.#stepCount;
    if (isOver) this.#surge = undefined;
    // Steps without a request.
    if (passed > 1 && this.#surge === undefined) {
      this.#baselinePerSecond *= (1 - 1 / MEMORY_STEPS) ** (passed - 1);
      this.#steps += passed - 1;
    }
    this.#begin(this.#stepStart + passed * this.#stepMs);
    return isOver ? { ...surge, end, change: "ended" } : undefined;
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

  /** Requests of this second so far. */
  #countSecond(time: number): number {
    const second = Math.floor(time / 1000);
    this.#secondCount = second === this.#second ? this.#secondCount + 1 : 1;
    this.#second = second;
    return this.#secondCount;
  }
}
