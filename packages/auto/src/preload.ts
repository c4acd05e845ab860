import { requireHeaderLines, requireOptional } from "@wherefrom/net/internal";
import { WherefromError } from "@wherefrom/core";
import { coverServers } from "./listener.ts";
import { preloaded } from "./preloaded.ts";
import { refuseStart } from "./refusal.ts";
import { readSettings, refuseUnread, type Settings } from "./settings.ts";

/** Reads the environment and covers every server from now on. Fulfilled when the policy is in force. Ends the process with code 78 where that cannot be. At most once a process. */
export function preload(env: NodeJS.ProcessEnv = process.env): Promise<void> {
  return (preloaded.ready ??= begin(env));
}

function begin(env: NodeJS.ProcessEnv): Promise<void> {
  try {
    const settings = start(env);
    return settings.ready.then(() => refuseUnread(settings)).catch(refuseStart);
  } catch (error) {
    refuseStart(error);
  }
}

function start(env: NodeJS.ProcessEnv): Settings {
  const { bun, deno } = process.versions;
  if (bun !== undefined || deno !== undefined)
    throw new WherefromError(
      "ERR_WHEREFROM_NODE_UNSUPPORTED",
      `@wherefrom/auto covers servers of Node.js, and this is ${bun === undefined ? "Deno" : "Bun"}: start the service with node`,
    );
  const settings = readSettings(env);
  requireHeaderLines();
  if (settings.followsClients) followClients();
  coverServers(settings);
  return settings;
}

/** `followClients` of @wherefrom/audit. */
function followClients(): void {
  try {
    const { followClients: follow } = requireOptional(
      () => import.meta.url,
      (require) => require("@wherefrom/audit") as { readonly followClients: () => unknown },
    );
    follow();
  } catch (cause) {
    throw new WherefromError(
      "ERR_WHEREFROM_PACKAGE_ABSENT",
      "WHEREFROM_CURRENT_CLIENT takes @wherefrom/audit: install it beside the application",
      { cause },
    );
  }
}
