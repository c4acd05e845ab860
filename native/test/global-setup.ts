import { buildIfStale } from "../scripts/build.mjs";

/** Builds the addon before the tests load it. A build that fails is a failed run, not a skipped test. */
export default function setup(): void {
  buildIfStale();
}
