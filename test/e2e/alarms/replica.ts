import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { LoginFinding, Place } from "@wherefrom/audit";

interface Login {
  readonly user: string;
  readonly from: string;
  readonly hour?: number;
  readonly success?: boolean;
  readonly confirm?: boolean;
  readonly forget?: string;
}

interface Answer {
  readonly findings: readonly LoginFinding[];
  readonly isShared: boolean;
  /** How often it has asked Redis for something so far. */
  readonly asked: number;
}

/** How long a login waits for a Redis that does answer: it is asked for other things, and so are the processors. */
const PATIENCE_MS = 5000;
/** How soon Redis is asked again where a test waits for that. */
const SOON_MS = 100;

/** A process of its own with a SharedLoginGuard. */
export interface Replica {
  readonly check: (login: Login) => Promise<Answer>;
  /** What it has said beside its answers. */
  readonly troubles: readonly string[];
  readonly warnings: readonly string[];
  readonly stop: () => Promise<void>;
}

export async function startReplica(
  client: "redis" | "ioredis",
  port: number,
  places: Readonly<Record<string, Place>>,
  { timeoutMs = PATIENCE_MS, retryMs = SOON_MS }: { readonly timeoutMs?: number; readonly retryMs?: number } = {},
): Promise<Replica> {
  const program = join(import.meta.dirname, "replica.mjs");
  const child = spawn(process.execPath, [program, JSON.stringify({ client, port, places, timeoutMs, retryMs })], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = once(child, "close");
  const [troubles, warnings]: [string[], string[]] = [[], []];
  const waiting: ((answer: Answer) => void)[] = [];
  const isReady = new Promise<void>((settle, fail) => {
    child.once("close", () => fail(new Error("the replica has ended")));
    createInterface({ input: child.stdout }).on("line", (line) => {
      const said = JSON.parse(line) as Answer & { ready?: true; trouble?: string; warning?: string };
      if (said.ready === true) settle();
      else if (said.trouble !== undefined) troubles.push(said.trouble);
      else if (said.warning !== undefined) warnings.push(said.warning);
      else waiting.shift()?.(said);
    });
  });
  await isReady;
  return {
    troubles,
    warnings,
    check: (login) =>
      new Promise((settle) => {
        waiting.push(settle);
        child.stdin.write(`${JSON.stringify(login)}\n`);
      }),
    stop: async () => {
      child.kill();
      await ended;
    },
  };
}
