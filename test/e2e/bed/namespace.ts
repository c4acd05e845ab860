import { type ChildProcess, execFileSync, spawn, type SpawnOptions, spawnSync } from "node:child_process";
import { once } from "node:events";

/** A network namespace that lives as long as the process that made it, however that process ends: nothing is left to remove. */
export interface Namespace {
  /** Of the process that holds it; `ip link set ... netns PID` takes it. */
  readonly pid: number;
  /** Runs shell commands in it and answers what they print; throws with what they complain of. */
  readonly run: (script: string) => string;
  /** Starts a program in it. Mounts are the machine's own (`ip netns exec` would hide cgroups behind a new /sys). */
  readonly spawn: (command: string, args: readonly string[], options?: SpawnOptions) => ChildProcess;
  readonly close: () => Promise<void>;
}

/** Somebody who has no rights anywhere. In a user namespace of his own he has all of them over its network. */
export const NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all"] as const;

/** Whose a namespace is, and how its programs are started: "root" is us. */
type Owner = "root" | "nobody";
const UNSHARE: Readonly<Record<Owner, readonly string[]>> = {
  root: ["unshare", "--net"],
  nobody: [...NOBODY, "unshare", "--user", "--map-root-user", "--net"],
};
const ENTER: Readonly<Record<Owner, (pid: number) => readonly string[]>> = {
  root: (pid) => ["nsenter", `--net=/proc/${pid}/ns/net`, "--"],
  nobody: (pid) => {
    const files = [`--user=/proc/${pid}/ns/user`, `--net=/proc/${pid}/ns/net`];
    return [...NOBODY, "nsenter", "--preserve-credentials", ...files, "--"];
  },
};

/** Why nobody can have a namespace here; undefined where he can. */
export function whyNotNobodys(): string | undefined {
  const [command = "", ...rest] = UNSHARE.nobody;
  const { status } = spawnSync(command, [...rest, "true"], { stdio: "ignore" });
  return status === 0 ? undefined : "this machine does not let somebody without rights make a user namespace";
}

/** A new, empty namespace with its loopback up. The holder waits for the end of its standard input, which comes when we die. */
export async function openNamespace(owner: Owner = "root"): Promise<Namespace> {
  const [unshare = "", ...options] = UNSHARE[owner];
  const holder = spawn(unshare, [...options, "sh", "-c", "ip link set lo up && echo up && exec cat >/dev/null"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const { pid } = holder;
  if (pid === undefined) throw new Error("unshare did not start");
  await once(holder.stdout, "data");
  const [nsenter = "", ...enter] = ENTER[owner](pid);
  return {
    pid,
    run: (script) =>
      execFileSync(nsenter, [...enter, "sh", "-ec", script], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }),
    spawn: (command, args, options = {}) => spawn(nsenter, [...enter, command, ...args], options),
    close: async () => {
      const ended = once(holder, "close");
      holder.stdin.end();
      await ended;
    },
  };
}
