import type { Period } from "../events/event-files.ts";

/** Requests of one bucket, which begins at `second`. */
export interface Bucket {
  readonly second: number;
  readonly count: number;
}

export interface Surge extends Period {
  /** Requests a second that are usual: the median of all buckets. */
  readonly usualPerSecond: number;
}

/** Buckets of usual traffic inside a surge that do not end it: attackers breathe. */
const GAP_BUCKETS = 3;

/**
 * The heaviest run of buckets with at least `factor` times the usual rate; undefined where there is none. Buckets without requests count, so that a burst in a quiet hour is
 * one; where nothing at all is usual one request a bucket is taken for it.
 */
export function findSurge(buckets: readonly Bucket[], bucketSeconds: number, factor: number): Surge | undefined {
  const first = buckets[0]?.second;
  const last = buckets.at(-1)?.second;
  if (first === undefined || last === undefined) return undefined;
  const usual = medianOf(buckets, (last - first) / bucketSeconds + 1);
  const threshold = factor * Math.max(1, usual);
  let best: { from: number; to: number; total: number } | undefined;
  let run: typeof best;
  for (const { second, count } of buckets) {
    if (count < threshold) continue;
    const isNext = run !== undefined && second - run.to <= GAP_BUCKETS * bucketSeconds;
    run =
      isNext && run !== undefined
        ? { ...run, to: second + bucketSeconds, total: run.total + count }
        : { from: second, to: second + bucketSeconds, total: count };
    if (best === undefined || run.total > best.total) best = run;
  }
  return best === undefined ? undefined : { from: best.from, to: best.to, usualPerSecond: usual / bucketSeconds };
}

/** Of `buckets` and as many empty ones as make them `length`. */
function medianOf(buckets: readonly Bucket[], length: number): number {
  const counts = buckets.map(({ count }) => count).toSorted((a, b) => a - b);
  const middle = Math.floor((length - 1) / 2) - (length - counts.length);
  return middle < 0 ? 0 : (counts[middle] ?? 0);
}
