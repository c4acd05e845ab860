import type { Server } from "node:net";
import type { Policy, PolicySource } from "@wherefrom/core";
import { currentPolicy } from "@wherefrom/core/internal";
import { type Kept, POLICY } from "./connection/kept.ts";
import { type Normalized, type Normalizing, PRELOADED } from "./request/normalizing.ts";
import type { ServerOptions } from "./server-options.ts";
import { wherefrom } from "./wherefrom.ts";

/** How a server is covered. */
interface Covered {
  /** Whether the application has put it under a policy of its own, which stays. */
  readonly isOwn: boolean;
  /** Names of headers that are written, in lower case. */
  readonly written: readonly string[];
  /** How many names of headers are removed. */
  readonly removed: number;
}

/** For the preload: puts a server that has no policy under this one, and normalises what its requests show, now and after every `wherefrom(server, policy)` of the application. */
export function coverServer(
  server: Server,
  policy: Policy | PolicySource,
  options: ServerOptions,
  normalizing: Normalizing | undefined,
): Covered {
  const kept = server as Server & Kept & Normalized;
  const isOwn = kept[POLICY] !== undefined;
  if (!isOwn) wherefrom(server, policy, options);
  kept[PRELOADED] = normalizing;
  const normalizer = normalizing?.under(currentPolicy(kept[POLICY] ?? policy));
  return { isOwn, written: normalizer?.written ?? [], removed: normalizer?.removed.length ?? 0 };
}
