import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Namespace } from "./bed/namespace.ts";
import { type Daemon, type DaemonOptions, startDaemon } from "./daemon.ts";

/** Debian's HAProxy with `sections` (frontend, backend, listen) behind defaults with short time limits. It runs in the foreground out of a temporary directory. */
export function startHaproxy(
  sections: string,
  listens: DaemonOptions["listens"],
  namespace?: Namespace,
): Promise<Daemon> {
  return startDaemon({
    name: "haproxy",
    listens,
    namespace,
    prepare: (directory) => {
      const file = join(directory, "haproxy.cfg");
      writeFileSync(file, configuration(sections));
      return ["haproxy", "-db", "-f", file, "-p", join(directory, "haproxy.pid")];
    },
  });
}

/** One thread: idle upstream connections are kept per thread, and the keep-alive cases want the same one twice. */
const configuration = (sections: string): string => `
global
  nbthread 1
  maxconn 256
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
${sections}
`;
