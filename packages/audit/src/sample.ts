/** Says of one event after the other whether it is among those that are told. Throws a RangeError for what is no part of one. */
export function compileSample(sample = 1): () => boolean {
  if (typeof sample !== "number" || !(sample >= 0 && sample <= 1)) {
    throw new RangeError(`sample is a number from 0 to 1, not ${JSON.stringify(sample)}`);
  }
  return sample === 1 ? () => true : () => Math.random() < sample;
}
