import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { Namespace } from "../bed/namespace.ts";

const CLI = join(import.meta.dirname, "..", "..", "..", "packages", "cli", "dist", "main.js");

/** How a command ended. */
interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Command words for what is started as nobody, with these capabilities alone. */
export function withOnly(...capabilities: readonly string[]): readonly string[] {
  const set = ["-all", ...capabilities.map((name) => `+${name}`)].join();
  const options = ["--inh-caps", "--ambient-caps", "--bounding-set"].map((option) => `${option}=${set}`);
  return ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", ...options];
}

/** The machine with the agent: a network namespace, with a BPF file system of its own at /sys/fs/bpf, which ends with it. */
export interface AgentMachine {
  /** Runs `wherefrom toa ...` to its end. */
  readonly run: (...args: readonly string[]) => Ended;
  /** Starts `wherefrom toa attach ...` behind these command words; resolves when it has said that it is attached. */
  readonly start: (
    prefix: readonly string[],
    ...args: readonly string[]
  ) => Promise<{
    readonly kill: (signal: NodeJS.Signals) => Promise<void>;
    /** Its exit code and what it complained of, when it has ended by itself. */
    readonly ended: Promise<Ended>;
  }>;
  readonly close: () => Promise<void>;
}

export async function openAgentMachine(network: Namespace): Promise<AgentMachine> {
  const mount = "mount -t bpf bpf /sys/fs/bpf && echo up && exec cat >/dev/null";
  const holder = spawn("unshare", ["--mount", "sh", "-c", mount], { stdio: ["pipe", "pipe", "inherit"] });
  await once(holder.stdout, "data");
  const enter = ["nsenter", `--mount=/proc/${holder.pid}/ns/mnt`, `--net=/proc/${network.pid}/ns/net`, "--"];
  const words = (prefix: readonly string[], args: readonly string[]): [string, string[]] => {
    const [command = "", ...rest] = [...enter, ...prefix, process.execPath, CLI, "toa", ...args];
    return [command, rest];
  };
  return {
    run: (...args) => {
      try {
        const out = execFileSync(...words([], args), {
          encoding: "utf8",
          stdio: ["ignore", "pipe", "pipe"],
          timeout: 20_000,
        });
        return { code: 0, out, err: "" };
      } catch (error) {
        const { status, stdout, stderr } = error as { status: number; stdout: string; stderr: string };
        return { code: status, out: stdout, err: stderr };
      }
    },
    start: async (prefix, ...args) => {
      const child = spawn(...words(prefix, ["attach", ...args]), { stdio: ["ignore", "pipe", "pipe"] });
      let [out, err] = ["", ""];
      child.stderr.on("data", (text) => (err += String(text)));
      const ended = once(child, "close").then(([code]): Ended => ({ code: Number(code), out, err }));
      const kill = async (signal: NodeJS.Signals): Promise<void> => {
        child.kill(signal);
        await ended;
      };
      onTestFinished(() => kill("SIGKILL"));
      const attached = new Promise<void>((settle) => {
        child.stdout.on("data", (text) => {
          out += String(text);
          if (out.includes("attached to")) settle();
        });
      });
      await Promise.race([
        attached,
        ended.then(() => {
          if (!out.includes("attached to")) throw new Error(`the agent ended: ${err}`);
        }),
      ]);
      return { kill, ended };
    },
    close: async () => {
      const ended = once(holder, "close");
      holder.stdin.end();
      await ended;
    },
  };
}
