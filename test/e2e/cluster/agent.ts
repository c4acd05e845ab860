import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Namespace } from "../bed/namespace.ts";

const CLI = join(import.meta.dirname, "..", "..", "..", "packages", "cli", "dist", "main.js");

/** Waits until standard input is closed, which it is when this process dies a hard death, and then ends the agent. */
const GUARD = 'cat >/dev/null; kill "$1"';

export interface Agent {
  readonly end: (signal: "SIGTERM" | "SIGKILL") => Promise<void>;
}

/** `wherefrom toa attach` on a node, as its DaemonSet runs it, for the control group of its Pods; resolves when it has said that it is attached. */
export async function startAgent(node: Namespace, group: string, trust?: readonly string[]): Promise<Agent> {
  const filter = trust === undefined ? [] : ["--trust", trust.join(",")];
  const command = [CLI, "toa", "attach", "--cgroup", group, ...filter];
  const child = node.spawn(process.execPath, command, { stdio: ["ignore", "pipe", "inherit"] });
  const guard = spawn("/bin/sh", ["-c", GUARD, "sh", String(child.pid)], { stdio: ["pipe", "ignore", "ignore"] });
  const ended = once(child, "close");
  if (child.stdout === null) throw new Error("the agent has no output");
  let said = "";
  for await (const text of child.stdout) if ((said += String(text)).includes("attached to")) break;
  if (!said.includes("attached to")) throw new Error(`the agent ended: ${said}`);
  return {
    end: async (signal) => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      // First, so that it never ends another process that was given the same number.
      guard.kill("SIGKILL");
      guard.stdin.destroy();
      child.kill(signal);
      await ended;
    },
  };
}

/** What an agent that was killed has left on the node. */
export function detachAgent(node: Namespace): void {
  node.run(`${process.execPath} ${CLI} toa detach`);
}
