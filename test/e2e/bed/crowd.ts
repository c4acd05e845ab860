import { once } from "node:events";
import { text } from "node:stream/consumers";
import { createInterface } from "node:readline";
import { join } from "node:path";
import { type CompiledProgram, compileProgram } from "./compiled-program.ts";
import type { Namespace } from "./namespace.ts";

/** Connections by what a server of kind "compare" said of them. */
export interface Tally {
  readonly right: number;
  readonly wrong: number;
  readonly unknown: number;
  /** Refused, reset or silent. */
  readonly failed: number;
  readonly seconds: number;
}

export interface CrowdOptions {
  readonly host: string;
  readonly port: number;
  /** Address of the first client; each has the next. */
  readonly from: string;
  readonly count: number;
  readonly concurrency: number;
  /** How the balancer tells them (crowd.c). */
  readonly form: "own" | "translated" | "no-port" | "translated-no-port";
}

/** Compiled once per suite; `remove` it at the end. */
export function compileCrowd(): CompiledProgram {
  return compileProgram(join(import.meta.dirname, "crowd.c"));
}

export async function sendCrowd(client: Namespace, program: string, options: CrowdOptions): Promise<Tally> {
  const child = client.spawn(program, wordsOf(options), { stdio: ["ignore", "pipe", "inherit"] });
  const [out] = await Promise.all([text(child.stdout!), once(child, "close")]);
  return JSON.parse(out) as Tally;
}

/** All of them connect, and say nothing until `ask` is called. */
export async function holdCrowd(
  client: Namespace,
  program: string,
  options: CrowdOptions,
): Promise<{ readonly ask: () => Promise<Tally>; readonly stop: () => Promise<void> }> {
  const child = client.spawn(program, [...wordsOf(options), "hold"], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(child, "close");
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  const { value } = await lines.next();
  if (value !== "open") throw new Error("the crowd ended");
  return {
    ask: async () => {
      child.stdin?.write("\n");
      return JSON.parse(String((await lines.next()).value)) as Tally;
    },
    stop: async () => {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

const wordsOf = ({ host, port, from, count, concurrency, form }: CrowdOptions): readonly string[] =>
  [host, port, from, count, concurrency, form].map(String);
