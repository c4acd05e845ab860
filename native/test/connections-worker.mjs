// Many connections at once, each answer copied in its connection's tick and decoded when all are there, last first.
import { once } from "node:events";
import { createRequire } from "node:module";
import { connect, createServer } from "node:net";
import { parentPort, workerData } from "node:worker_threads";

const require = createRequire(import.meta.url);
const { path, connections } = workerData;
const loaded = require(path);
const sockopt = loaded.openSockopt === undefined ? loaded.sockets : loaded.openSockopt(require("ffi-rs"));

const server = createServer();
const kept = [];
let wrong = 0;
server.on("connection", (socket) => {
  const length = sockopt.savedSyn(socket._handle.fd);
  kept.push({ socket, syn: Buffer.from(sockopt.buffer.subarray(0, length)) });
});
server.listen(0, "127.0.0.1");
await once(server, "listening");
if (sockopt.saveSyn(server._handle.fd, 1) !== 0) throw new Error("no saved SYNs here");

// All workers begin together.
parentPort.postMessage({ buffer: sockopt.buffer });
await once(parentPort, "message");
const clients = Array.from({ length: connections }, () => connect(server.address().port, "127.0.0.1"));
while (kept.length < connections) await once(server, "connection");

for (const { socket, syn } of kept.toReversed()) {
  const at = (syn[0] & 15) * 4;
  const same = syn.length > 0 && syn.readUInt16BE(at) === socket.remotePort;
  // The destination tells workers apart: each listens on a port of its own.
  if (!same || syn.readUInt16BE(at + 2) !== server.address().port) wrong++;
}
parentPort.postMessage({
  decoded: kept.length,
  wrong,
  ports: new Set(kept.map(({ socket }) => socket.remotePort)).size,
});
for (const client of clients) client.destroy();
for (const { socket } of kept) socket.destroy();
server.close();
parentPort.close();
