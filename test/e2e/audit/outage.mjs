// node outage.mjs JSON: an audited HTTP service with a sink of each kind and a file on a small file system of its own, in a mount namespace of its own. It does what lines of
// its standard input say, and answers each with a line of JSON.
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, copyFileSync, openSync, rmSync, writeSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { AUDIT_EVENT_NAMES, auditHttp, auditTo, jsonLines, otlpLogs, redisStream, subscribe } from "@wherefrom/audit";
import { compilePolicy } from "@wherefrom/core";
import { wherefrom } from "@wherefrom/net";
import { Redis } from "ioredis";
import { createClient } from "redis";

const { disk, redisPort, collector, queueLimitBytes } = JSON.parse(process.argv[2]);
execFileSync("mount", ["-t", "tmpfs", "-o", "size=4m", "tmpfs", disk]);
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

const nodeRedis = createClient({ url: `redis://127.0.0.1:${redisPort}` });
nodeRedis.on("error", () => {});
await nodeRedis.connect();
// What ioredis keeps for a Redis that is away cannot be taken back.
const ioredis = new Redis(redisPort, "127.0.0.1", { enableOfflineQueue: false });
ioredis.on("error", () => {});
await once(ioredis, "ready");

// Before the sinks, so in the order in which they are told.
const told = [];
subscribe(AUDIT_EVENT_NAMES, ({ request, warning }) => told.push(request?.path.slice(1) ?? warning.detail));
const troubles = {};
const options = (name) => ({ queueLimitBytes, onTrouble: (trouble) => (troubles[name] ??= []).push(trouble) });
const file = join(disk, "audit.jsonl");
const sinks = {
  "node-redis": redisStream(nodeRedis, { key: "node-redis", ...options("node-redis") }),
  ioredis: redisStream(ioredis, { key: "ioredis", ...options("ioredis") }),
  otlp: otlpLogs({ url: collector, ...options("otlp") }),
  file: jsonLines(file, { ...options("file"), alerts: false }),
};
for (const sink of Object.values(sinks)) auditTo(sink);
auditHttp();

const server = createServer((_request, response) => response.end("hello"));
wherefrom(server, compilePolicy({ trust: ["127.0.0.1"], from: "x-forwarded-for" })).listen(0, "127.0.0.1");
await once(server, "listening");
say({ port: server.address().port });

/** Takes all the room that there is, to the last page. */
function fill() {
  const filler = openSync(join(disk, "filler"), "w");
  try {
    for (;;) writeSync(filler, Buffer.alloc(4096));
  } catch (error) {
    if (error.code !== "ENOSPC") throw error;
  } finally {
    closeSync(filler);
  }
}

const answers = {
  fill,
  free: () => rmSync(join(disk, "filler")),
  told: () => told,
  status: () => ({
    troubles,
    sinks: Object.fromEntries(Object.entries(sinks).map(([name, { status }]) => [name, status])),
  }),
  copy: (to) => copyFileSync(file, to),
};
for await (const line of createInterface({ input: process.stdin })) {
  const [name, ...words] = line.split(" ");
  say(answers[name](...words) ?? {});
}
for (const sink of Object.values(sinks)) await sink.close(0);
process.exit();
