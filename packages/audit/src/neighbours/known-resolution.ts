import type { Resolution } from "@wherefrom/core";
import { getClient, keptResolution, type RequestLike } from "@wherefrom/net";

/** What is known of a request or socket now; undefined where no policy covers it (yet): who logs makes no error of somebody's own server. */
export function knownResolution(source: RequestLike): Resolution | undefined {
  const kept = keptResolution(source);
  if (kept !== undefined) return kept;
  try {
    return getClient(source);
  } catch {
    return undefined;
  }
}
