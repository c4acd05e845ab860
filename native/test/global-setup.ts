import { ADDON, buildAddon, isStale, whyUnbuildable } from "../scripts/build.mjs";

/** Builds the addon before the tests load it, where a source is newer and there is a compiler. A build that fails is a failed run, not a skipped test. */
export default function setup(): void {
  if (whyUnbuildable() === undefined && isStale(ADDON)) buildAddon();
}
