import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Daemon, startDaemon } from "./daemon.ts";

/** A program whose configuration is one file, listening on this port of 127.0.0.1 and ::1. */
export function run(
  name: string,
  { port }: { readonly port: number },
  configuration: (directory: string) => string,
  command: (file: string, directory: string) => readonly [string, ...string[]],
): Promise<Daemon> {
  return startDaemon({
    name,
    listens: [
      { host: "127.0.0.1", port },
      { host: "::1", port },
    ],
    prepare: (directory) => {
      // Most of them give up root, and read their directory afterwards.
      chmodSync(directory, 0o755);
      const file = join(directory, `${name}.conf`);
      writeFileSync(file, configuration(directory));
      return command(file, directory);
    },
  });
}
