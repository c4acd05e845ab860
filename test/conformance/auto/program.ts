import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { onTestFinished } from "vitest";

const ROOT = join(import.meta.dirname, "..", "..", "..");
/** Programs run here, where the packages can be found by their names. */
const DIRECTORY = join(ROOT, "test");

/** A program that ran to its end. */
export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A program that runs until its test is over, or until it ends. */
export interface Running {
  /** What it has written to standard output first, as JSON: its ports. */
  readonly ports: readonly number[];
  readonly child: ChildProcess;
  readonly err: () => string;
}

const env = (more: NodeJS.ProcessEnv): NodeJS.ProcessEnv => ({
  PATH: process.env["PATH"],
  HOME: process.env["HOME"],
  ...more,
});

/** Runs Node with these arguments to its end. */
export async function ended(
  args: readonly string[],
  more: NodeJS.ProcessEnv,
  program = process.execPath,
): Promise<Ended> {
  const child = spawn(program, args, { cwd: DIRECTORY, env: env(more), stdio: ["ignore", "pipe", "pipe"] });
  let [out, err] = ["", ""];
  child.stdout.on("data", (part) => (out += String(part)));
  child.stderr.on("data", (part) => (err += String(part)));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, out, err };
}

/** Starts Node with these arguments, and waits for its first line. */
export async function started(
  args: readonly string[],
  more: NodeJS.ProcessEnv,
  program = process.execPath,
): Promise<Running> {
  const child = spawn(program, args, { cwd: DIRECTORY, env: env(more), stdio: ["ignore", "pipe", "pipe"] });
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    // What `wherefrom run` has started ends with it.
    child.kill("SIGTERM");
    await once(child, "close");
  });
  let [out, err] = ["", ""];
  child.stderr.on("data", (part) => (err += String(part)));
  const [first] = await Promise.race([
    new Promise<[string]>((settle) => {
      child.stdout.on("data", (part) => {
        out += String(part);
        const end = out.indexOf("\n");
        if (end !== -1) settle([out.slice(0, end)]);
      });
    }),
    once(child, "close").then(([code]): never => {
      throw new Error(`it ended with ${code}: ${err}`);
    }),
  ]);
  return { ports: JSON.parse(first) as number[], child, err: () => err };
}
