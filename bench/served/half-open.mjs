// The server of suites/half-open.mjs, in a process of its own so that its memory is its own.
import { createServer } from "node:http";
import { compilePolicy } from "@wherefrom/core";
import { proxyStatus, wherefrom } from "@wherefrom/net";

const policy = compilePolicy({ trust: ["127.0.0.0/8"], from: "proxy-protocol" });
const server = createServer((request, response) => response.end(request.socket.remoteAddress));
wherefrom(server, policy, { proxyProtocol: { timeoutMs: Number(process.argv[2]) } });
server.listen({ port: 0, host: "127.0.0.1", backlog: 10_000 }, () => process.send(server.address().port));
process.on("message", () => {
  globalThis.gc();
  const { rss, heapUsed, external } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  process.send({ microseconds: user + system, memory: rss, heap: heapUsed + external, ...proxyStatus(server) });
});
process.on("disconnect", () => process.exit(0));
