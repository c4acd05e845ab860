const DAY = 86_400;
/** Widths in seconds of the windows around a moment whose medians are what is usual there: a median keeps the step at which an office opens, and loses what is shorter than half of its window. */
const WINDOWS: readonly number[] = [7200, 28_800];
/** Half the width, in seconds, of the time around the same moment of another day. */
const SAME_HOUR = 1800;
/** Points of a window that are looked at: more are no more exact, and a window of eight hours may have thousands. */
const SAMPLES = 240;
/** Points of a window for which its median is computed; between them the nearest counts. */
const STRIDES_OF_WINDOW = 60;
/** Share of the other days that are busier than what is taken from them: an attack on one of them is not usual. */
const OTHER_DAYS = 0.34;
/** Days on which a moment must have been seen, its own not counted. */
const LEAST_DAYS = 1;

/** Requests of each bucket. */
export interface Baseline {
  /** From which a surge stands out: the least that may be usual. */
  readonly usual: Float64Array;
  /** The level around it, which a surge of hours has lifted. */
  readonly local: Float64Array;
}

/**
 * What is usual in each bucket, in requests: the least of the medians of two and of eight hours around it and of all buckets that have requests, which keeps a short attack out by the first, one of some hours by the
 * second, and one of a day by the third; or, where that is more, what the same hour of other days has.
 */
export function baselineOf(counts: Float64Array, bucketSeconds: number, first: number): Baseline {
  const active = quantile(
    [...counts].filter((count) => count > 0),
    0.5,
  );
  const usual = new Float64Array(counts.length).fill(active);
  const local = new Float64Array(counts.length);
  for (const [order, width] of WINDOWS.entries()) {
    const half = Math.max(2, Math.round(width / bucketSeconds / 2));
    const stride = Math.max(1, Math.floor((2 * half) / STRIDES_OF_WINDOW));
    const medians: number[] = [];
    for (let index = 0; index < counts.length + 2 * stride; index += stride)
      medians.push(windowQuantile(counts, Math.min(index, counts.length - 1), half, 0.5));
    for (let index = 0; index < counts.length; index++) {
      // The largest of four points around it: between two of them there may be the step.
      const near = Math.floor(index / stride);
      const median = Math.max(...medians.slice(Math.max(0, near - 1), near + 3));
      usual[index] = Math.min(usual[index] as number, median);
      if (order === 0) local[index] = median;
    }
  }
  const perDay = Math.round(DAY / bucketSeconds);
  if (counts.length <= perDay) return { usual, local };
  const half = Math.max(1, Math.round(SAME_HOUR / bucketSeconds));
  const stride = Math.max(1, Math.floor(half / 15));
  // Each moment's own hour, of which other days take theirs.
  const hours = new Float64Array(Math.ceil(counts.length / stride));
  for (const index of hours.keys()) hours[index] = windowQuantile(counts, index * stride, half, 0.5);
  const phase = Math.round((first % DAY) / bucketSeconds);
  for (let index = 0; index < counts.length; index++) {
    const others: number[] = [];
    for (let other = ((index + phase) % perDay) - phase; other < counts.length; other += perDay) {
      if (other >= 0 && other !== index)
        others.push(hours[Math.min(hours.length - 1, Math.round(other / stride))] as number);
    }
    if (others.length >= LEAST_DAYS) usual[index] = Math.max(usual[index] as number, quantile(others, OTHER_DAYS));
  }
  return { usual, local };
}

function windowQuantile(counts: Float64Array, middle: number, half: number, share: number): number {
  const from = Math.max(0, middle - half);
  const to = Math.min(counts.length, middle + half + 1);
  const step = Math.max(1, Math.floor((to - from) / SAMPLES));
  const values: number[] = [];
  for (let index = from; index < to; index += step) values.push(counts[index] as number);
  return quantile(values, share);
}

/** 0 of nothing. The lower one of two between which it falls. */
function quantile(values: number[], share: number): number {
  return Float64Array.from(values).sort()[Math.floor((values.length - 1) * share)] ?? 0;
}
