import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { auditTo, redisStream } from "@wherefrom/audit";
import { Redis } from "ioredis";
import { createClient } from "redis";
import { expect, onTestFinished, test } from "vitest";
import { describeSuite } from "../requirement.ts";
import { expectVisit, VISIT_LINES } from "./expectation.ts";
import { startRedis } from "./redis-server.ts";
import { startServices } from "./services.ts";

async function nodeRedis(port: number) {
  const client = createClient({ socket: { host: "127.0.0.1", port, reconnectStrategy: 50 } });
  client.on("error", () => {});
  await client.connect();
  onTestFinished(() => client.destroy());
  return client;
}

describeSuite("audit", () => {
  test.each(["node-redis", "ioredis"])("Redis by %s: every event is an entry of the stream", async (name) => {
    const { port } = await startRedis();
    const reader = await nodeRedis(port);
    const io = new Redis(port, "127.0.0.1");
    onTestFinished(() => io.disconnect());
    const sink = redisStream(name === "ioredis" ? io : reader, { key: "audit" });
    onTestFinished(auditTo(sink));
    const { visit } = await startServices();
    await visit();
    await expect.poll(() => sink.status.written).toBe(VISIT_LINES);
    await sink.close();
    const entries = (await reader.xRange("audit", "-", "+")) ?? [];
    expectVisit(entries.map(({ message }) => message["event"] ?? ""));
  });

  test("Redis: the stream keeps its limit, nearly", async () => {
    const { port } = await startRedis();
    const client = await nodeRedis(port);
    const sink = redisStream(client, { key: "audit", limit: 200 });
    for (let n = 0; n < 2000; n++) sink.write(String(n));
    await sink.close();
    // Redis removes whole nodes, of a hundred entries each.
    expect(await client.xLen("audit")).toBeLessThan(400);
    expect((await client.xRevRange("audit", "+", "-", { COUNT: 1 }))?.[0]?.message).toEqual({ event: "1999" });
  });

  test("Redis: what comes while it is away waits, and is written when it is back", async () => {
    const first = await startRedis();
    const client = await nodeRedis(first.port);
    const troubles: string[] = [];
    const sink = redisStream(client, {
      key: "audit",
      hangMs: 300,
      retryMs: 50,
      onTrouble: (trouble) => troubles.push(trouble),
    });
    onTestFinished(() => sink.close(0));
    sink.write("before");
    await sink.flush();
    await first.stop();
    sink.write("between");
    await expect.poll(() => sink.status.trouble).toBeDefined();
    await sleep(300);
    await startRedis(first.port);
    await expect.poll(() => sink.status).toMatchObject({ waitingBytes: 0, trouble: undefined });
    // It was empty when it came back; what it was asked while nobody knew whether it was there may be there twice.
    const entries = (await client.xRange("audit", "-", "+"))?.map(({ message }) => message["event"]);
    expect(new Set(entries)).toEqual(new Set(["between"]));
    expect(troubles.at(-1)).toBe("the Redis stream audit: written again; 0 lines were lost");
  });

  test.each(["node-redis", "ioredis"])(
    "Redis by %s: what was given up while it was away is not written when it is back, so that lines lost and lines there are all",
    async (name) => {
      const first = await startRedis();
      const client =
        name === "ioredis"
          ? new Redis(first.port, "127.0.0.1", { enableOfflineQueue: false })
          : await nodeRedis(first.port);
      if (client instanceof Redis) {
        client.on("error", () => {});
        onTestFinished(() => client.disconnect());
        await once(client, "ready");
      }
      const sink = redisStream(client, {
        key: "audit",
        hangMs: 200,
        retryMs: 20,
        queueLimitBytes: 80,
        onTrouble: () => {},
      });
      onTestFinished(() => sink.close(0));
      await first.stop();
      for (let n = 0; n < 100; n++) {
        sink.write(String(n));
        await sleep(20);
      }
      expect(sink.status).toMatchObject({ written: 0, trouble: expect.any(String) as string });
      await startRedis(first.port);
      await expect.poll(() => sink.status).toMatchObject({ waitingBytes: 0, trouble: undefined });
      const reader = await nodeRedis(first.port);
      const entries = ((await reader.xRange("audit", "-", "+")) ?? []).map(({ message }) => Number(message["event"]));
      const { lost } = sink.status;
      expect(lost).toBeGreaterThan(50);
      expect(entries).toHaveLength(100 - lost);
      // What was under way when it came back is older than what was lost meanwhile.
      expect(entries).toEqual([...new Set(entries)].toSorted((a, b) => a - b));
      expect(entries.at(-1)).toBe(99);
    },
  );
});
