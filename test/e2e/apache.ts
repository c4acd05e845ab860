import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { run } from "./configured.ts";
import type { Daemon } from "./daemon.ts";

/** How often Apache's log is looked at, in milliseconds. */
const READY_POLL_MS = 10;

/** Debian's Apache with these modules (`proxy` for mod_proxy) and lines, on this port of 127.0.0.1 and ::1. */
export async function startApache(
  { port }: { readonly port: number },
  modules: readonly string[],
  lines: string,
): Promise<Daemon> {
  const daemon = await run(
    "apache",
    { port },
    (directory) => `
ServerRoot ${directory}
ServerName app.test
DefaultRuntimeDir ${directory}
PidFile ${directory}/apache.pid
Mutex file:${directory}
ErrorLog ${directory}/error.log
Listen 127.0.0.1:${port}
Listen [::1]:${port}
${["mpm_event", "authz_core", ...modules].map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`).join("\n")}
${process.getuid?.() === 0 ? "User www-data\nGroup www-data" : ""}
${lines}
`,
    (file) => ["apache2", "-f", file, "-DFOREGROUND"],
  );
  // It reads its configuration twice, and connections of the first time are reset.
  const log = join(daemon.directory, "error.log");
  while (!readFileSync(log, "utf8").includes("resuming normal operations")) await sleep(READY_POLL_MS);
  return daemon;
}
