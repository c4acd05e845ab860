// Every call of an addon (its path is the argument), with right and with wrong arguments, in this environment and in workers. For the sanitizers.
"use strict";

const { once } = require("node:events");
const { connect, createServer } = require("node:net");
const { isMainThread, Worker, workerData } = require("node:worker_threads");

const ROUNDS = 2000;
const WORKERS = 3;
const path = isMainThread ? process.argv[2] : workerData;
const addon = require(path);
// An attachment would be the machine's business: that one is called with wrong arguments alone, which the abuse below never gets right.
const calls = Object.values(addon).filter((value) => typeof value === "function");
const odd = [
  undefined,
  null,
  Number.NaN,
  1.5,
  -1,
  2 ** 31,
  2 ** 53,
  Infinity,
  "3",
  "",
  true,
  3n,
  {},
  [],
  Symbol("fd"),
  () => 0,
];

function abuse(fd) {
  for (const call of calls) {
    for (const value of odd) {
      call(value);
      call(fd, value);
      call(fd, 6, value);
      call(fd, 6, 11, value);
      call(fd, value, value, value, value, value);
    }
    call();
  }
}

async function exercise() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  if (addon.saveSyn(server._handle.fd, 1) !== 0) throw new Error("saveSyn");
  const client = connect(server.address().port, "127.0.0.1");
  const [accepted] = await once(server, "connection");
  const { fd } = accepted._handle;
  if (addon.savedSyn(fd) < 40 || addon.savedSyn(fd) !== 0) throw new Error("savedSyn");
  for (let round = 0; round < ROUNDS; round++) {
    if (addon.getPeername(fd) !== 16) throw new Error("getPeername");
    if (addon.toaLookup(fd) >= 0) throw new Error("toaLookup");
    const length = 1 + (round % 512);
    const answer = addon.getSockopt(fd, 6, 11, length);
    if (answer < 0 || answer > length) throw new Error("getSockopt");
    if (addon.setSockopt(fd, 6, 1, round & 1) !== 0) throw new Error("setSockopt");
  }
  abuse(fd);
  addon.buffer.fill(1);
  client.destroy();
  accepted.destroy();
  server.close();
}

async function main() {
  const workers = isMainThread
    ? Array.from({ length: WORKERS }, () => new Worker(__filename, { workerData: path }))
    : [];
  const ended = workers.map((worker) => once(worker, "exit"));
  await exercise();
  for (const [code] of await Promise.all(ended)) if (code !== 0) throw new Error(`a worker ended with ${code}`);
}

void main();
