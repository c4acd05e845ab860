import type { Tally } from "./state.ts";

/** How long a step of the service's history is, in milliseconds. */
export const STEP_MS = 300_000;
/** Steps that are looked back at: four hours. */
export const STEPS = 48;
/** Steps with logins that are needed before anything is unusual: half an hour. */
const LEAST_STEPS = 6;
/** Logins that make a step count. */
const LEAST_LOGINS = 5;

export interface ServiceBaseline {
  /** Medians over the steps: failures in one, and their share of its attempts. */
  readonly failures: number;
  readonly share: number;
}

/** The latest steps' totals of one kind. */
export class ServiceHistory {
  step = -1;
  /** Most failures of one source or user of the current step that no incident explains: who has them is told of soon. */
  heaviest = 0;
  readonly failures: Series = new Series();
  readonly unproven: Series = new Series();
}

export class Series {
  /** Whether one of the last steps has told of its incident: then it goes on. */
  isTold = false;
  /** Undefined while too little is known. */
  baseline: ServiceBaseline | undefined;

  /** Takes the steps before the current one, the latest first. */
  learn(totals: readonly Tally[]): void {
    this.isTold = totals.slice(0, 2).some(({ told }) => (told["surge"] ?? 0) > 0);
    const used = totals.filter(({ attempts }) => attempts >= LEAST_LOGINS);
    this.baseline = undefined;
    if (used.length < LEAST_STEPS) return;
    this.baseline = {
      failures: median(used.map(({ failures }) => failures)),
      share: median(used.map(({ failures, attempts }) => failures / attempts)),
    };
  }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[sorted.length >> 1] ?? 0;
}
