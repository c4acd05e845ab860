/** Length of one timed slice, in nanoseconds: long against the timer, short against whatever else the machine does. */
const SLICE_NS = 2e6;
const ROUNDS = 41;
/** Keeps results alive, so that no call is optimised away. */
const kept = { result: undefined };

/**
 * Times functions over the same inputs, a slice each in random order, round after round. Returns for each the nanoseconds a call by round.
 * @param {Record<string, (input: any) => unknown>} subjects
 * @param {any[]} inputs a power of two of them
 */
export function timeInterleaved(subjects, inputs, rounds = ROUNDS) {
  const mask = inputs.length - 1;
  const run = (call, count) => {
    const start = process.hrtime.bigint();
    let result;
    for (let index = 0; index < count; index++) result = call(inputs[index & mask]);
    kept.result = result;
    return Number(process.hrtime.bigint() - start);
  };
  const entries = Object.entries(subjects).map(([name, call]) => {
    let count = 16;
    for (let spent = 0; spent < SLICE_NS; count *= 2) spent = run(call, count);
    const calls = Math.max(1, Math.round((count / 2) * (SLICE_NS / Math.max(SLICE_NS, run(call, count / 2)))));
    for (let warm = 0; warm < 6; warm++) run(call, calls);
    return { name, call, calls, samples: [] };
  });
  for (let round = 0; round < rounds; round++) {
    for (const entry of shuffled(entries)) entry.samples.push(run(entry.call, entry.calls) / entry.calls);
  }
  return Object.fromEntries(entries.map(({ name, samples }) => [name, samples]));
}

/** Ratios of two subjects, round by round: what disturbs a round disturbs both. */
export function pairedRatios(numerators, denominators) {
  return numerators.map((numerator, round) => numerator / denominators[round]);
}

export function median(values) {
  return quantile(values, 0.5);
}

function quantile(values, place) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.round((sorted.length - 1) * place)];
}

/** Half of the middle half's width. */
export function spread(values) {
  return (quantile(values, 0.75) - quantile(values, 0.25)) / 2;
}

export function shuffled(values) {
  const result = [...values];
  for (let index = result.length - 1; index > 0; index--) {
    const other = Math.floor(Math.random() * (index + 1));
    [result[index], result[other]] = [result[other], result[index]];
  }
  return result;
}
