// node served/process.mjs MODULE [NAME]: serves what a module exports as `apps()` on loopback, or the one app of this name, and reports its processor time over IPC. Started by harness/request-cost.mjs.
import { createServer } from "node:http";
import { Server } from "node:net";

const [, , module, only] = process.argv;
const { apps } = await import(module);
const ports = {};
for (const [name, app] of Object.entries(await apps(only))) {
  if (only !== undefined && name !== only) continue;
  const listener = await app;
  const server = listener instanceof Server ? listener : createServer(listener);
  server.keepAliveTimeout = 60_000;
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  ports[name] = server.address().port;
}
process.on("message", () => process.send(process.cpuUsage()));
process.on("disconnect", () => process.exit(0));
process.send(ports);
