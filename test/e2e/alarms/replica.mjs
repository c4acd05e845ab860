// One replica of a service: answers every login that it is told of (a line of JSON) with what SharedLoginGuard finds, and says its troubles.
import { createInterface } from "node:readline";
import { SharedLoginGuard, subscribe } from "@wherefrom/audit";
import { compilePolicy, resolve } from "@wherefrom/core";
import { connectRedis } from "./connect-redis.mjs";

const { client, port, places, timeoutMs, retryMs } = JSON.parse(process.argv[2]);
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

/** How often the client was asked for something. */
let asked = 0;
function counting(redis) {
  const method = client === "ioredis" ? "call" : "sendCommand";
  return {
    [method]: (...values) => {
      asked++;
      return redis[method](...values);
    },
  };
}

let now = 0;
const guard = new SharedLoginGuard({
  redis: counting(await connectRedis(client, port)),
  locate: (address) => places[address],
  now: () => now,
  timeoutMs,
  retryMs,
  sharedUsers: 3,
  learningLogins: 1,
  onTrouble: (trouble) => say({ trouble }),
});
subscribe("config.warning", ({ warning }) => say({ warning: warning.code }));
const policy = compilePolicy({ trust: [] });
say({ ready: true });

for await (const line of createInterface({ input: process.stdin })) {
  const { user, from, hour = 0, success = true, confirm = false, forget } = JSON.parse(line);
  if (confirm) await guard.confirm(user);
  if (forget !== undefined) await guard.forget(forget);
  now = hour * 3_600_000;
  const resolution = resolve({ connection: { transport: "tcp", peer: from, peerPort: 1, claims: [] } }, policy);
  const findings = await guard.check({ user: { id: user }, resolution, success });
  say({ findings, isShared: guard.isShared, asked });
}
