import { existsSync, readFileSync, statfsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";

/** linux/magic.h. */
const CGROUP2_MAGIC = 0x63677270;

/** Why programs cannot be attached to this directory, as a sentence; undefined for a control group of version 2. */
export function whyNoGroup(
  path: string,
  mounts: string = readFileSync("/proc/self/mounts", "utf8"),
): string | undefined {
  if (!existsSync(path)) return `there is no ${path}.`;
  if (statfsSync(path).type === CGROUP2_MAGIC) return undefined;
  const mount = mounts
    .split("\n")
    .map((line) => line.split(" "))
    .find(([, , type]) => type === "cgroup2")?.[1];
  return mount === undefined
    ? `${path} is not a cgroup v2 directory, and no cgroup v2 is mounted here. On a host with cgroup v1 only, programs cannot be attached; services read saved SYNs instead.`
    : `${path} is not a cgroup v2 directory. Name one below ${mount}.`;
}

/** A group that was made anew under the same name has another. */
export function groupNumber(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino;
}

/** The group and those above it, as far as they can be seen from here. */
export function groupsFrom(path: string): readonly string[] {
  const groups: string[] = [];
  for (let at = path.replace(/(?<=.)\/+$/, ""); existsSync(join(at, "cgroup.procs")); at = dirname(at)) {
    groups.push(at);
    if (at === dirname(at)) break;
  }
  return groups;
}
