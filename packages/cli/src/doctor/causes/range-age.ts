import type { RuleOptions } from "@wherefrom/core";

const DAY_MS = 86_400_000;

/** Days since a list of ranges was published; 0 for a date that does not parse. */
export function ageInDays({ asOf }: NonNullable<RuleOptions["ranges"]>): number {
  const then = Date.parse(asOf);
  return Number.isNaN(then) ? 0 : Math.max(0, Math.floor((Date.now() - then) / DAY_MS));
}
