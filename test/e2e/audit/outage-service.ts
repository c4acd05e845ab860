import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { SinkStatus } from "@wherefrom/audit";
import { onTestFinished } from "vitest";

export const OUTAGE_SINKS = ["node-redis", "ioredis", "otlp", "file"] as const;
export type OutageSink = (typeof OUTAGE_SINKS)[number];

export interface OutageStatus {
  readonly troubles: Readonly<Partial<Record<OutageSink, readonly string[]>>>;
  readonly sinks: Readonly<Record<OutageSink, SinkStatus>>;
}

/** outage.mjs, until the test is over. */
export interface OutageService {
  readonly origin: string;
  readonly ask: (command: "fill" | "free" | "status" | "told" | `copy ${string}`) => Promise<unknown>;
}

/** Its file is on a file system of its own at `disk`, which nobody else sees. */
export async function startOutageService(options: {
  readonly disk: string;
  readonly redisPort: number;
  readonly collector: string;
  readonly queueLimitBytes: number;
}): Promise<OutageService> {
  const program = [process.execPath, join(import.meta.dirname, "outage.mjs"), JSON.stringify(options)];
  const child = spawn("unshare", ["--mount", "--map-root-user", ...program], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(child, "close");
  onTestFinished(async () => {
    child.stdin.end();
    await ended;
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<unknown> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error("the service has ended");
    return JSON.parse(String(value)) as unknown;
  };
  const { port } = (await next()) as { port: number };
  return {
    origin: `http://127.0.0.1:${port}`,
    ask: (command) => {
      child.stdin.write(`${command}\n`);
      return next();
    },
  };
}
