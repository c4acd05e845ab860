import type { Period } from "../events/event-files.ts";
import { type Baseline, baselineOf } from "./baseline.ts";

/** Requests of one bucket, which begins at `second`. */
export interface Bucket {
  readonly second: number;
  readonly count: number;
}

export interface Surge extends Period {
  readonly requests: number;
  /** Requests a second that are usual at that time. */
  readonly usualPerSecond: number;
}

/** Silence inside an attack that does not end it, in seconds, and in buckets at least: attackers breathe. */
const GAP_SECONDS = 90;
const GAP_BUCKETS = 2;
/** Requests of a bucket above what is usual below which nothing is a surge, whatever the factor: a visitor who opens a few pages. */
const LEAST_MORE = 20;
/** Standard deviations of a count (the square root of what is usual) that a surge stands above it, and that belong to its edges. */
const SURE_DEVIATIONS = 8;
const EDGE_DEVIATIONS = 4;
/** What traffic may grow by within an hour or two and still be no part of an attack beside it. */
const EDGE_SHARE = 0.35;
/** What is looked at on each side of a run, in seconds and in buckets at least, and the share of the factor by which the run stands above it. */
const BESIDE_SECONDS = 600;
const BESIDE_BUCKETS = 3;
const BESIDE_SHARE = 0.75;
/** Each round takes the found surges out and estimates the usual rate again, so that one attack does not hide another. */
const ROUNDS = 3;

/** Lengths of a bucket, in seconds, that people count in. */
const STEPS = [1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400];
/** Longest bucket, in seconds, or this share of the whole. */
const LONGEST_BUCKET = 60;
const LONGEST_SHARE = 1 / 1000;
/** Buckets at most, where they are shorter than they may be. */
const MOST_BUCKETS = 9000;
/** Requests of a usual bucket from which chance is small beside them. */
const STEADY_COUNT = 12;

/** A length of bucket that suits a file: short where there is much, and no longer than a minute or a thousandth of the whole. */
export function bucketSecondsFor(spanSeconds: number, requests: number): number {
  const longest = Math.max(LONGEST_BUCKET, spanSeconds * LONGEST_SHARE);
  const wanted = Math.max(spanSeconds / MOST_BUCKETS, (STEADY_COUNT * spanSeconds) / Math.max(1, requests));
  const fitting = STEPS.filter((step) => step <= longest);
  return fitting.find((step) => step >= wanted) ?? (fitting.at(-1) as number);
}

/**
 * Every run of buckets with at least `factor` times the requests that are usual at its time, in the order of time. Buckets that are not in `buckets` had no request.
 */
export function findSurges(buckets: readonly Bucket[], bucketSeconds: number, factor: number): readonly Surge[] {
  const first = buckets[0]?.second;
  const last = buckets.at(-1)?.second;
  if (first === undefined || last === undefined) return [];
  const counts = new Float64Array(Math.round((last - first) / bucketSeconds) + 1);
  for (const { second, count } of buckets) counts[Math.round((second - first) / bucketSeconds)] = count;
  let runs: readonly Run[] = [];
  let baseline = baselineOf(counts, bucketSeconds, first);
  for (let round = 0; round < ROUNDS; round++) {
    const found = runsOf(counts, baseline, bucketSeconds, factor);
    if (
      found.length === runs.length &&
      found.every(({ from, to }, index) => from === runs[index]?.from && to === runs[index].to)
    )
      break;
    runs = found;
    const rest = counts.slice();
    for (const { from, to } of runs)
      for (let index = from; index < to; index++) rest[index] = baseline.usual[index] as number;
    baseline = baselineOf(rest, bucketSeconds, first);
  }
  return runs.map(({ from, to }) => {
    const length = (to - from) * bucketSeconds;
    return {
      from: first + from * bucketSeconds,
      to: first + to * bucketSeconds,
      requests: sum(counts, from, to),
      usualPerSecond:
        Math.max(
          sum(baseline.usual, from, to),
          Math.min(sum(baseline.local, from, to), sum(counts, from, to) / factor),
        ) / length,
    };
  });
}

/** Indexes of buckets: from the first, to before the second. */
interface Run {
  readonly from: number;
  readonly to: number;
}

function runsOf(
  counts: Float64Array,
  { usual, local }: Baseline,
  bucketSeconds: number,
  factor: number,
): readonly Run[] {
  const isSure = (index: number): boolean => {
    const level = usual[index] as number;
    const least = Math.max(factor * level, level + SURE_DEVIATIONS * Math.sqrt(level), level + LEAST_MORE);
    return (counts[index] as number) >= least;
  };
  const isEdge = (index: number): boolean => {
    const level = Math.max(usual[index] as number, local[index] as number);
    const count = counts[index] ?? 0;
    return count > level * (1 + EDGE_SHARE) + EDGE_DEVIATIONS * Math.sqrt(Math.max(1, level));
  };
  const gap = Math.max(GAP_BUCKETS, Math.ceil(GAP_SECONDS / bucketSeconds));
  const runs: { from: number; to: number }[] = [];
  for (let index = 0; index < counts.length; index++) {
    if (!isSure(index)) continue;
    const run = runs.at(-1);
    if (run !== undefined && index - run.to <= gap) run.to = index + 1;
    else runs.push({ from: index, to: index + 1 });
  }
  const merged: { from: number; to: number }[] = [];
  for (const run of runs) {
    while (run.from > 0 && isEdge(run.from - 1)) run.from--;
    while (run.to < counts.length && isEdge(run.to)) run.to++;
    const before = merged.at(-1);
    if (before !== undefined && run.from - before.to <= gap) before.to = Math.max(before.to, run.to);
    else merged.push(run);
  }
  return merged.filter((run) => isApart(counts, run, merged, bucketSeconds, factor));
}

/** Whether a run stands out from the minutes before and behind it, which belong to no other: where it does not the day has become busier, or less so. */
function isApart(
  counts: Float64Array,
  { from, to }: Run,
  runs: readonly Run[],
  bucketSeconds: number,
  factor: number,
): boolean {
  const inside = sum(counts, from, to) / (to - from);
  const reach = Math.max(BESIDE_BUCKETS, Math.ceil(BESIDE_SECONDS / bucketSeconds));
  const isOther = (index: number): boolean => runs.some((run) => index >= run.from && index < run.to);
  return [
    [from - reach, from],
    [to, to + reach],
  ].every(([begin = 0, end = 0]) => {
    const beside: number[] = [];
    for (let index = Math.max(0, begin); index < Math.min(counts.length, end); index++)
      if (!isOther(index)) beside.push(counts[index] as number);
    if (beside.length < BESIDE_BUCKETS) return true;
    const level = beside.reduce((total, count) => total + count, 0) / beside.length;
    return inside >= BESIDE_SHARE * factor * level;
  });
}

function sum(values: Float64Array, from: number, to: number): number {
  let total = 0;
  for (let index = from; index < to; index++) total += values[index] as number;
  return total;
}
