import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { createClient } from "redis";
import { expect, onTestFinished, test } from "vitest";
import { describeSuite } from "../requirement.ts";
import { startCollector } from "./collector.ts";
import { recordsOf } from "./log-records.ts";
import { OUTAGE_SINKS, type OutageSink, type OutageStatus, startOutageService } from "./outage-service.ts";
import { startRedis } from "./redis-server.ts";

/** Longer than a restart, and than any time limit of a sink or a client: four times `HANG_MS`. */
const OUTAGE_MS = 125_000;
const BEFORE_MS = 3000;
const REQUEST_EVERY_MS = 50;
/** Some three hundred lines, of the thousands that come. */
const QUEUE_LIMIT_BYTES = 192 * 1024;
/** How much longer a request of the outage may take than one before it, in milliseconds: less than any time limit of a sink, and more than a busy machine takes. */
const SLOWER_MS = 500;

/** What each has to say while it is down. node-redis' error of a command that waited too long has no message. */
const TROUBLES: Readonly<Record<OutageSink, RegExp>> = {
  "node-redis": /^(TimeoutError|Socket closed unexpectedly|nothing was taken for 30000 ms)$/,
  ioredis: /^(Stream isn't writeable|Connection is closed|Reached the max retries)/,
  otlp: /^nothing was taken for 30000 ms$/,
  file: /^ENOSPC: no space left on device/,
};

/** Requests that come whatever becomes of those before them. */
function keepAsking(origin: string): {
  readonly times: number[];
  /** None for a while. */
  readonly pause: () => Promise<void>;
  readonly resume: () => void;
  readonly stop: () => Promise<void>;
} {
  const times: number[] = [];
  const asked: Promise<void>[] = [];
  const ask = async (n: number): Promise<void> => {
    const start = performance.now();
    const response = await fetch(`${origin}/${n}`, { headers: { "x-forwarded-for": "203.0.113.7" } });
    await response.text();
    times[n] = performance.now() - start;
  };
  let isPaused = false;
  const timer = setInterval(() => {
    if (!isPaused) asked.push(ask(asked.length));
  }, REQUEST_EVERY_MS);
  onTestFinished(() => clearInterval(timer));
  const pause = async (): Promise<void> => {
    isPaused = true;
    await Promise.all(asked);
  };
  const stop = async (): Promise<void> => {
    clearInterval(timer);
    await Promise.all(asked);
  };
  return { times, pause, resume: () => void (isPaused = false), stop };
}

/** The time within which so many hundredths of them were answered. */
const percentile = (times: readonly number[], hundredths: number): number =>
  times.toSorted((a, b) => a - b)[Math.floor((times.length * hundredths) / 100)] ?? 0;

function isRising(positions: readonly (readonly [string, number])[]): boolean {
  return positions.every(([, position], index) => index === 0 || position > (positions[index - 1]?.[1] ?? Number.NaN));
}

/** A line by what tells it from others: the number of its request, or what a sink said that it has lost. */
function nameOf(line: string): string {
  const { url, message } = JSON.parse(line) as { url?: { path: string }; message?: string };
  return url?.path.slice(1) ?? message ?? line;
}

describeSuite("audit", () => {
  test("two Redis clients, a Collector that hangs and a full disk, for two minutes: no request waits, what waited comes in order, and exactly what is missing is told", async () => {
    const directory = mkdtempSync(join(tmpdir(), "wherefrom-outage-"));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    const [disk, kept] = [join(directory, "disk"), join(directory, "redis")];
    for (const each of [disk, kept]) mkdirSync(each);
    const redis = await startRedis(undefined, kept);
    const collector = await startCollector();
    const options = { disk, redisPort: redis.port, collector: collector.url, queueLimitBytes: QUEUE_LIMIT_BYTES };
    const { origin, ask } = await startOutageService(options);
    const status = async (): Promise<OutageStatus> => (await ask("status")) as OutageStatus;

    const waiting = async (): Promise<number> =>
      Object.values((await status()).sinks).reduce((sum, { waitingBytes }) => sum + waitingBytes, 0);

    const { times, pause, resume, stop } = keepAsking(origin);
    await sleep(BEFORE_MS);
    // With nothing under way there is no line whose fate nobody knows, and which may be there and be counted as lost.
    await pause();
    await expect.poll(waiting).toBe(0);
    const before = times.length;
    collector.hang();
    await Promise.all([redis.stop(), ask("fill")]);
    resume();
    await sleep(OUTAGE_MS);
    const during = await status();
    const after = times.length;
    await startRedis(redis.port, kept);
    collector.restart();
    await ask("free");
    const isOver = async (): Promise<boolean> =>
      Object.values((await status()).sinks).every(({ trouble }) => trouble === undefined);
    await expect.poll(isOver, { interval: 200 }).toBe(true);
    await stop();
    await expect.poll(waiting, { interval: 200 }).toBe(0);

    const [calm, troubled] = [times.slice(0, before), times.slice(before, after)];
    for (const hundredths of [50, 99])
      expect(percentile(troubled, hundredths)).toBeLessThan(percentile(calm, hundredths) + SLOWER_MS);

    const { sinks, troubles } = await status();
    const told = new Map(((await ask("told")) as string[]).map((name, index) => [name, index]));
    const reader = createClient({ url: `redis://127.0.0.1:${redis.port}` });
    await reader.connect();
    onTestFinished(() => reader.destroy());
    const stream = async (key: string): Promise<string[]> =>
      ((await reader.xRange(key, "-", "+")) ?? []).map(({ message }) => nameOf(message["event"] ?? ""));
    await ask(`copy ${join(directory, "copy.jsonl")}`);
    const lines = {
      "node-redis": await stream("node-redis"),
      ioredis: await stream("ioredis"),
      otlp: recordsOf(collector.received).map(({ attributes }) => {
        const read = (name: string) => attributes.find(({ key }) => key === name)?.value["stringValue"];
        return String(read("url.path")?.toString().slice(1) ?? read("wherefrom.warning.detail"));
      }),
      file: readFileSync(join(directory, "copy.jsonl"), "utf8").trimEnd().split("\n").map(nameOf),
    };
    const seen = OUTAGE_SINKS.map((name) => {
      const { lost, written } = sinks[name];
      const positions = lines[name].map((line) => [line, told.get(line) ?? Number.NaN] as const);
      return {
        name,
        trouble: during.sinks[name].trouble,
        isOverflowing: lost > OUTAGE_MS / REQUEST_EVERY_MS / 2,
        accounted: lost + positions.length,
        written,
        // Alerts go before requests.
        isOrdered: [true, false].map((isRequest) =>
          isRising(positions.filter(([name]) => isRequest === /^\d+$/.test(name))),
        ),
        toldInAudit: lines[name].filter((line) => line.endsWith(`: written again; ${lost} lines were lost`)).length > 0,
        toldLast: troubles[name]?.at(-1)?.replace(/^.*: /, ""),
      };
    });
    expect(seen).toEqual(
      OUTAGE_SINKS.map((name) => ({
        name,
        trouble: expect.stringMatching(TROUBLES[name]) as string,
        isOverflowing: true,
        accounted: told.size,
        written: lines[name].length,
        isOrdered: [true, true],
        toldInAudit: true,
        toldLast: `written again; ${sinks[name].lost} lines were lost`,
      })),
    );
  }, 300_000);
});
