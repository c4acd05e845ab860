// One replica of a service whose traffic is counted together: asks as often as it is told (a line of JSON), at the time that it is told, and says its surges and troubles.
import { createInterface } from "node:readline";
import { publish, subscribe, watchTraffic } from "@wherefrom/audit";
import { compilePolicy, resolve } from "@wherefrom/core";
import { connectRedis } from "./connect-redis.mjs";

const { client, port, start, ...options } = JSON.parse(process.argv[2]);
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

let now = start;
subscribe("traffic.surge", ({ surge }) => say({ surge }));
subscribe("config.warning", ({ warning }) => say({ warning: warning.code }));
const redis = await connectRedis(client, port);
watchTraffic({ ...options, redis, now: () => now, onTrouble: (trouble) => say({ trouble }) });
const policy = compilePolicy({ trust: [] });
say({ ready: true });

for await (const line of createInterface({ input: process.stdin })) {
  const { ask = 0, from = "192.0.2.1", at = now } = JSON.parse(line);
  now = at;
  const resolution = resolve({ connection: { transport: "tcp", peer: from, peerPort: 1, claims: [] } }, policy);
  for (let times = 0; times < ask; times++) {
    publish({ name: "client.resolved", time: new Date(now), resolution, transport: "tcp", request: { path: "/" } });
  }
  say({ done: true });
}
