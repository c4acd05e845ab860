// A process of its own that serves several apps on loopback, and tells over IPC what processor time it has used. Started by request-cost.mjs.
import { createServer } from "node:http";
import { Server } from "node:net";

const { apps } = await import(process.argv[2]);
const ports = {};
for (const [name, app] of Object.entries(await apps())) {
  const listener = await app;
  const server = listener instanceof Server ? listener : createServer(listener);
  server.keepAliveTimeout = 60_000;
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  ports[name] = server.address().port;
}
process.on("message", () => process.send(process.cpuUsage()));
process.on("disconnect", () => process.exit(0));
process.send(ports);
