import { type BigIntStats, statSync } from "node:fs";

/**
 * What `path` is; throws as `statSync` does. Its numbers are bigint, because Node 20's `statSync` leaves others where its module loader reads them: after one look at a FIFO,
 * packages that are links (pnpm's) resolve no dependency any more.
 */
export function fileStats(path: string): BigIntStats {
  return statSync(path, { bigint: true });
}
