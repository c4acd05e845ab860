import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** A control group (v2) of our own, below the one of the machine that we may write to. */
export interface ControlGroup {
  readonly path: string;
  /** Command words that start a program inside. */
  readonly enter: readonly string[];
  /** Waits until the last process in it is gone. */
  readonly remove: () => Promise<void>;
}

const NAME = /^wherefrom-(\d+)-\d+$/;
let count = 0;

/** Where control groups v2 are mounted; undefined on a machine without them. */
function controlGroupRoot(): string | undefined {
  const mounts = readFileSync("/proc/self/mounts", "utf8").split("\n");
  return mounts.map((line) => line.split(" ")).find(([, , type]) => type === "cgroup2")?.[1];
}

export function makeControlGroup(): ControlGroup {
  const root = controlGroupRoot();
  if (root === undefined) throw new Error("no cgroup2 is mounted");
  removeOrphans(root);
  const path = join(root, `wherefrom-${process.pid}-${++count}`);
  mkdirSync(path);
  return {
    path,
    enter: ["sh", "-c", `echo $$ > ${path}/cgroup.procs && exec "$@"`, "sh"],
    remove: async () => {
      for (let tries = 0; readFileSync(join(path, "cgroup.procs"), "utf8") !== "" && tries < 200; tries++)
        await sleep(10);
      rmdirSync(path);
    },
  };
}

/** Groups of suites that died a hard death. */
function removeOrphans(root: string): void {
  for (const name of readdirSync(root)) {
    const pid = NAME.exec(name)?.[1];
    if (pid === undefined || existsSync(`/proc/${pid}`)) continue;
    if (readFileSync(join(root, name, "cgroup.procs"), "utf8") === "") rmdirSync(join(root, name));
  }
}
