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
  /** The same behind these command words. */
  readonly runAs: (prefix: readonly string[], ...args: readonly string[]) => Ended;
  /** Runs any command there. */
  readonly shell: (script: string) => string;
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
  const runAs = (prefix: readonly string[], ...args: readonly string[]): Ended => {
    try {
      const out = execFileSync(...words(prefix, args), {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "pipe"],
        timeout: 20_000,
      });
      return { code: 0, out, err: "" };
    } catch (error) {
      const { status, stdout, stderr } = error as { status: number; stdout: string; stderr: string };
      return { code: status, out: stdout, err: stderr };
    }
  };
  const [nsenter, ...inside] = enter as [string, ...string[]];
  return {
    run: (...args) => runAs([], ...args),
    runAs,
    shell: (script) => execFileSync(nsenter, [...inside, "sh", "-ec", script], { encoding: "utf8" }),
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

/** A Python program of ours in a network namespace, which says a line when it is ready; it ends with the test. */
export async function startPython(
  network: Namespace,
  enter: readonly string[],
  program: string,
  ...args: readonly (string | number)[]
): Promise<{ readonly pid: number }> {
  const [command, ...words] = [...enter, "python3", join(import.meta.dirname, program), ...args.map(String)] as [
    string,
    ...string[],
  ];
  const child = network.spawn(command, words, { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(child, "close");
  onTestFinished(async () => {
    child.stdin?.end();
    child.kill("SIGKILL");
    await ended;
  });
  await once(child.stdout!, "data");
  return { pid: child.pid as number };
}
