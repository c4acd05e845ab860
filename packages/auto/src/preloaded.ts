import { WherefromError } from "@wherefrom/core";
import { shared } from "@wherefrom/net/internal";

/** One for all copies of this package, and for one that is named in NODE_OPTIONS and on the command line. `ready` is there once one was preloaded. */
export const preloaded: { ready?: Promise<void> } = shared("auto", () => ({}));

/** Throws where nothing was preloaded in this process or thread. */
export function requirePreload(): void {
  if (preloaded.ready !== undefined) return;
  throw new WherefromError(
    "ERR_WHEREFROM_NOT_PRELOADED",
    `@wherefrom/auto is not preloaded, and no server of this process is covered: start it with "wherefrom run -- node server.js", "node --import @wherefrom/auto server.js" or NODE_OPTIONS="--import @wherefrom/auto"`,
  );
}
