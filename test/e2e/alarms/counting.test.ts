import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Surge } from "@wherefrom/audit";
import { describe, expect, onTestFinished, test } from "vitest";
import { freePort } from "../free-port.ts";
import { describeSuite } from "../requirement.ts";
import { askRedis, startRedis } from "./redis.ts";

const STEP_MS = 1000;
/** Below which no replica by itself sees a surge, and over which all of them together do. */
const LEAST = 100;
const REPLICAS = 4;
const SHARE = 40;
const ATTACKER = "203.0.113.9";
const START = Date.parse("2026-11-25T09:00:00Z");
const COUNT = "wherefrom:traffic:{surges}:count";
const SURGE = "wherefrom:traffic:{surges}:surge";
const PARTS = "wherefrom:traffic:{surges}:parts";

interface Counting {
  readonly tell: (order: { ask?: number; from?: string; at?: number }) => Promise<void>;
  readonly surges: readonly Surge[];
  readonly troubles: readonly string[];
  readonly warnings: readonly string[];
  readonly stop: () => Promise<void>;
}

async function startCounting(client: string, port: number): Promise<Counting> {
  const program = join(import.meta.dirname, "counting-replica.mjs");
  const options = { client, port, start: START, stepMs: STEP_MS, exchangeMs: 50, leastPerSecond: LEAST };
  const child = spawn(process.execPath, [program, JSON.stringify({ ...options, baselinePerSecond: 4 })], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = once(child, "close");
  const [surges, troubles, warnings]: [Surge[], string[], string[]] = [[], [], []];
  const waiting: (() => void)[] = [];
  await new Promise<void>((settle) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      const said = JSON.parse(line) as { surge?: Surge; trouble?: string; warning?: string; ready?: true };
      if (said.surge !== undefined) surges.push(said.surge);
      else if (said.trouble !== undefined) troubles.push(said.trouble);
      else if (said.warning !== undefined) warnings.push(said.warning);
      else if (said.ready === true) settle();
      else waiting.shift()?.();
    });
  });
  const stop = async (): Promise<void> => {
    child.kill();
    await ended;
  };
  onTestFinished(stop);
  return {
    surges,
    troubles,
    warnings,
    stop,
    tell: (order) =>
      new Promise((settle) => {
        waiting.push(settle);
        child.stdin.write(`${JSON.stringify(order)}\n`);
      }),
  };
}

describeSuite("alarms", () => {
  describe.each(["redis", "ioredis"] as const)(
    "replicas that count their traffic together, through the package %s",
    (client) => {
      /** All of them have told Redis of one request each, and know it. */
      async function site(): Promise<{ port: number; replicas: Counting[]; redis: { stop: () => Promise<void> } }> {
        const port = await freePort("127.0.0.1");
        const redis = await startRedis(port);
        let isStopped = false;
        const stop = async (): Promise<void> => {
          if (!isStopped) await redis.stop();
          isStopped = true;
        };
        onTestFinished(stop);
        const replicas = await Promise.all(Array.from({ length: REPLICAS }, () => startCounting(client, port)));
        await share(port, replicas);
        return { port, replicas, redis: { stop } };
      }

      /** Each asks until its requests arrive in Redis: what it counted before its first exchange is not of that moment. */
      async function share(port: number, replicas: readonly Counting[]): Promise<void> {
        for (const replica of replicas) {
          const before = Number(askRedis(port, "HGET", COUNT, "n"));
          await expect
            .poll(async () => {
              await replica.tell({ ask: 1 });
              return Number(askRedis(port, "HGET", COUNT, "n"));
            })
            .toBeGreaterThan(before);
        }
      }

      const told = (replicas: readonly Counting[]): readonly Surge[] => replicas.flatMap(({ surges }) => surges);
      const all = (replicas: readonly Counting[], order: object): Promise<unknown> =>
        Promise.all(replicas.map(({ tell }) => tell(order)));

      test("a surge that is none for each of them is told by one of them, with the sources that all saw, and so is its end", async () => {
        const { port, replicas } = await site();
        const at = START + 10 * STEP_MS;
        await all(replicas, { at });
        await all(replicas, { ask: SHARE, from: ATTACKER });
        await expect.poll(() => told(replicas)).toHaveLength(1);
        await expect.poll(() => Number(askRedis(port, "HLEN", PARTS))).toBe(REPLICAS);
        await all(replicas, { at: at + 2 * STEP_MS });
        await expect.poll(() => told(replicas)).toHaveLength(2);
        const [begun, ended] = told(replicas) as [Surge, Surge];
        expect(begun).toMatchObject({ change: "begun", block: [`${ATTACKER}/32`] });
        expect(begun.top.address?.[0]?.name).toBe(ATTACKER);
        expect(ended).toMatchObject({ id: begun.id, change: "ended" });
        // One that a replica had counted and not sent yet may be among them.
        expect(ended.requests).toBeGreaterThanOrEqual(REPLICAS * SHARE);
        expect(ended.proven).toBe(ended.requests);
        expect(ended.top.address?.[0]).toEqual({ name: ATTACKER, requests: REPLICAS * SHARE });
        expect(replicas.flatMap(({ troubles }) => troubles)).toEqual([]);
        for (const key of askRedis(port, "KEYS", "*").trim().split("\n"))
          expect(Number(askRedis(port, "PTTL", key))).toBeGreaterThan(0);
      });

      test("where the replica that told of it has ended, another one tells of its end", async () => {
        const { port, replicas } = await site();
        const at = START + 10 * STEP_MS;
        await all(replicas, { at });
        await all(replicas, { ask: SHARE, from: ATTACKER });
        await expect.poll(() => told(replicas)).toHaveLength(1);
        const teller = replicas.find(({ surges }) => surges.length > 0) as Counting;
        const others = replicas.filter((each) => each !== teller);
        const held = askRedis(port, "GET", SURGE);
        await teller.stop();
        await expect
          .poll(() => {
            const now = askRedis(port, "GET", SURGE).trim();
            return now !== "" && now !== held.trim();
          })
          .toBe(true);
        await all(others, { at: at + 2 * STEP_MS });
        await expect.poll(() => told(others)).toHaveLength(1);
        expect(told(others)[0]).toMatchObject({ id: teller.surges[0]?.id, change: "ended" });
      });

      test("while Redis is away each tells of its own surges and says so; when it is back they count together", async () => {
        const { port, replicas, redis } = await site();
        await redis.stop();
        await expect.poll(() => replicas.map(({ troubles }) => troubles.length)).toEqual(replicas.map(() => 1));
        for (const { troubles, warnings } of replicas) {
          expect(troubles[0]).toMatch(/^Redis does not answer \(.+\): surges are those of this process alone$/);
          expect(warnings).toEqual(["traffic-state-local"]);
        }
        const [first, ...others] = replicas as [Counting, ...Counting[]];
        for (let step = 1; step <= 8; step++) await first.tell({ at: START + step * STEP_MS, ask: 1 });
        await first.tell({ ask: 2 * LEAST, from: ATTACKER });
        await first.tell({ at: START + 11 * STEP_MS });
        await expect.poll(() => first.surges.map(({ change }) => change)).toEqual(["begun", "ended"]);
        expect(told(others)).toEqual([]);
        const again = await startRedis(port);
        onTestFinished(() => again.stop());
        await expect
          .poll(() => replicas.map(({ troubles }) => troubles.at(-1)))
          .toEqual(replicas.map(() => "Redis answers again: surges are those of all replicas"));
        const at = START + 20 * STEP_MS;
        await all(replicas, { at });
        await share(port, replicas);
        await all(replicas, { ask: SHARE, from: ATTACKER });
        await expect
          .poll(() => told(replicas).slice(2))
          .toMatchObject([{ change: "begun", block: [`${ATTACKER}/32`] }]);
      });
    },
  );
});
