import { type ChildProcess, execFileSync, spawn, type SpawnOptions } from "node:child_process";
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

/** A new, empty namespace with its loopback up. The holder waits for the end of its standard input, which comes when we die. */
export async function openNamespace(): Promise<Namespace> {
  const holder = spawn("unshare", ["--net", "sh", "-c", "ip link set lo up && echo up && exec cat >/dev/null"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const { pid } = holder;
  if (pid === undefined) throw new Error("unshare did not start");
  await once(holder.stdout, "data");
  const enter = [`--net=/proc/${pid}/ns/net`, "--"];
  return {
    pid,
    run: (script) =>
      execFileSync("nsenter", [...enter, "sh", "-ec", script], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }),
    spawn: (command, args, options = {}) => spawn("nsenter", [...enter, command, ...args], options),
    close: async () => {
      const ended = once(holder, "close");
      holder.stdin.end();
      await ended;
    },
  };
}
