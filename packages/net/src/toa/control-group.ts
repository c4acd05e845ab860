import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A directory of the control group that this process is in, or why there is none that programs may be attached to. */
export type OwnGroup = { readonly path: string } | { readonly problem: string };

/**
 * The process' own control group, version 2 (cgroups(7)). Not the root of all: what is attached there would see every socket of the machine. In a container
 * "/" is the container's group, which has the files that the true root has not.
 */
export function ownControlGroup(): OwnGroup {
  try {
    const group = controlGroupPath(
      readFileSync("/proc/self/cgroup", "utf8"),
      readFileSync("/proc/self/mountinfo", "utf8"),
    );
    if (group === undefined) return { problem: "no control groups of version 2 are mounted here" };
    if (existsSync(join(group, "cgroup.events"))) return { path: group };
    return { problem: `the process is in the root of control groups (${group}): start it in a group of its own` };
  } catch (error) {
    return { problem: `/proc does not tell the control group: ${(error as Error).message}` };
  }
}

/** Where `cgroup` and `mountinfo` of /proc/self (proc(5)) say that the group's directory is; undefined without a mount that shows it. */
export function controlGroupPath(cgroup: string, mountinfo: string): string | undefined {
  const own = /^0::(.*)$/m.exec(cgroup)?.[1];
  if (own === undefined) return undefined;
  for (const line of mountinfo.split("\n")) {
    const [fields = "", type = ""] = line.split(" - ");
    const [, , , root = "", mountPoint = ""] = fields.split(" ");
    if (!type.startsWith("cgroup2 ")) continue;
    const base = root === "/" ? "" : root;
    if (own === base || own.startsWith(`${base}/`))
      return join(unescape(mountPoint), own.slice(base.length).replace(/^\/$/, ""));
  }
  return undefined;
}

/** Blanks and the like are written as octal numbers there. */
function unescape(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
