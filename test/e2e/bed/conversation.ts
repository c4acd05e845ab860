import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Namespace } from "./namespace.ts";

/** A Node script in a namespace, which says what it has to say in lines of JSON. */
export interface Conversation {
  /** The next line that it says; rejects when it ends instead, with what it complained of. */
  readonly next: () => Promise<unknown>;
  /** Gives it a line, to scripts that read any. */
  readonly say: (line: object) => void;
  readonly pid: number | undefined;
  readonly stop: () => Promise<void>;
}

/** Runs `node script JSON` there. It ends with us: its standard input is a pipe of ours, and the script ends with that. */
export function startScript(
  namespace: Namespace,
  script: string,
  options: object,
  prefix: readonly string[] = [],
): Conversation {
  const node = [script, JSON.stringify(options)];
  const [command, ...rest] = prefix;
  const child = namespace.spawn(
    command ?? process.execPath,
    command === undefined ? node : [...rest, process.execPath, ...node],
    { stdio: ["pipe", "pipe", "pipe"] },
  );
  let complaint = "";
  child.stderr?.on("data", (text) => (complaint += String(text)));
  const ended = once(child, "close");
  if (child.stdout === null) throw new Error("the script has no output");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    pid: child.pid,
    say: (line) => void child.stdin?.write(`${JSON.stringify(line)}\n`),
    next: async () => {
      const { value, done } = await lines.next();
      if (done === true) throw new Error(`${script} ended\n${complaint}`);
      return JSON.parse(String(value)) as unknown;
    },
    stop: async () => {
      child.stdin?.end();
      child.kill("SIGTERM");
      await ended;
    },
  };
}
