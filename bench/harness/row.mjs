import { readFileSync } from "node:fs";
import { cpus } from "node:os";

/**
 * One line of the result. `ratio` is what the bound speaks of (times faster, or times the other's cost, or the plain figure where the bound is one);
 * `noise` is the same figure for a subject against itself or, where that makes no sense, half the spread of its rounds. A row whose noise is more than
 * a third of what the bound allows says "too noisy" instead of holding.
 * @param {{ case: string, subject: string, against: string, ratio: number, noise: number, must?: string, detail?: string }} row
 */
export function judge({ case: title, subject, against, ratio, noise, must, detail }) {
  const round = (/** @type {number} */ value) => Number(value.toPrecision(3));
  return {
    case: title,
    subject,
    against,
    ratio: round(ratio),
    noise: round(noise),
    must: must ?? "none",
    holds: must === undefined ? true : verdict(ratio, noise, must),
    ...(detail === undefined ? {} : { detail }),
  };
}

function verdict(ratio, noise, must) {
  const [, direction, text] = /^(>=|<=) ([\d.]+)/.exec(must) ?? [];
  const bound = Number(text);
  // Just above one, what the bound allows is what it has above one.
  const allowance = direction === "<=" && bound > 1 && bound < 2 ? bound - 1 : bound;
  if (noise > allowance / 3) return "too noisy";
  return direction === ">=" ? ratio >= bound : ratio <= bound;
}

/** Version of an installed package, for the rows that name it. */
export function versionOf(name) {
  const path = new URL(`../node_modules/${name}/package.json`, import.meta.url);
  return `${name}@${JSON.parse(readFileSync(path, "utf8")).version}`;
}

export function machine() {
  return `${cpus().length} x ${cpus()[0]?.model.trim()}, Node ${process.version}, ${process.platform} ${process.arch}`;
}
