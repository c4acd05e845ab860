import type { Resolution, Stop, Warning } from "@wherefrom/core";

const REJECTING_STOPS: readonly Stop[] = ["malformed-hop", "conflict", "hop-limit"];
const REJECTING_WARNINGS: readonly Warning["code"][] = [
  "header-from-untrusted-peer",
  "claim-unread",
  "look-alike-header",
];

/**
 * Why something that was said of the client was not believed: the stop of a walk that ended at it, or the code of a warning. Undefined where nothing was
 * rejected. A client's own header left of the proxies' is no rejection: every browser extension may send one, and the walk never gets there.
 */
export function rejectionOf({ stop, warnings }: Resolution): Stop | Warning["code"] | undefined {
  if (REJECTING_STOPS.includes(stop)) return stop;
  return warnings.find(({ code }) => REJECTING_WARNINGS.includes(code))?.code;
}
