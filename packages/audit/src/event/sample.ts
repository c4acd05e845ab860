import { between, type Shape } from "@wherefrom/core/internal";

/** The part of events that are told. */
export const SAMPLE: Shape = between(0, 1);

/** Says of one event after the other whether it is among those that are told. */
export function compileSample(sample = 1): () => boolean {
  return sample === 1 ? () => true : () => Math.random() < sample;
}
