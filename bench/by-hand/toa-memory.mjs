// node bench/by-hand/toa-memory.mjs [CONNECTIONS]: what a server keeps of connections that are gone. A million connections whose SYN is read and whose client is asked for;
// every tenth of them the garbage is collected, and a line says what is left. Not a part of `npm run bench`: it takes a minute or two.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { compilePolicy } from "@wherefrom/core";
import { getClient, toaStatus, wherefrom } from "@wherefrom/net";

const CLIENTS = 4;
const STEPS = 10;
const connections = Number(process.argv[2] ?? 1_000_000);
setFlagsFromString("--expose-gc");
const gc = runInNewContext("gc");

const directory = mkdtempSync(join(tmpdir(), "wherefrom-memory-"));
const program = join(directory, "short_connections");
execFileSync("cc", ["-O2", "-o", program, join(import.meta.dirname, "..", "floors", "short_connections.c")]);

let served = 0;
const policy = compilePolicy({ trust: ["127.0.0.1"], from: "toa" });
const server = wherefrom(createServer(), policy, { toa: { product: "lvs", reader: "saved-syn" } });
server.on("connection", (socket) => {
  socket.on("error", () => {});
  if (getClient(socket).stop === "carrier-absent") served++;
  socket.destroy();
});
server.listen({ port: 0, host: "127.0.0.1", backlog: 511 });
await once(server, "listening");
console.log(`saved SYNs: ${toaStatus(server).savedSyn}`);
const megabytes = (bytes) => `${(bytes / 2 ** 20).toFixed(1)} MB`;
for (let step = 0; step <= STEPS; step++) {
  if (step > 0) {
    const each = `${Math.ceil(connections / STEPS / CLIENTS)}`;
    const clients = Array.from({ length: CLIENTS }, () =>
      spawn(program, [`${server.address().port}`, each], { stdio: "inherit" }),
    );
    for (const [code] of await Promise.all(clients.map((client) => once(client, "exit"))))
      if (code !== 0) process.exit(1);
  }
  gc();
  const { rss, heapUsed, external } = process.memoryUsage();
  console.log(
    `${served} connections: ${megabytes(rss)} resident, ${megabytes(heapUsed)} of heap, ${megabytes(external)} beside it`,
  );
}
server.close();
rmSync(directory, { recursive: true });
