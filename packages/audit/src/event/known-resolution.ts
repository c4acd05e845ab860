import type { Resolution } from "@wherefrom/core";
import { getClient, keptResolution, type Source } from "@wherefrom/net";

/** What is known of a request or socket now; undefined where no policy covers it (yet): logging must not make an application's server fail. */
export function knownResolution(source: Source): Resolution | undefined {
  const kept = keptResolution(source);
  if (kept !== undefined) return kept;
  try {
    return getClient(source);
  } catch {
    return undefined;
  }
}
