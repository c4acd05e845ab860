// Every call of an addon (its path is the argument), with right and with wrong arguments, in this environment and in workers. For the sanitizers.
"use strict";

const { once } = require("node:events");
const { createSocket } = require("node:dgram");
const { connect, createServer } = require("node:net");
const { isMainThread, Worker, workerData } = require("node:worker_threads");

const ROUNDS = 2000;
const WORKERS = 3;
const TAP_ROUNDS = 200;
/** From nothing to the longest payload of IPv4. */
const UDP_SIZES = [0, 1, 64, 1472, 2048, 9000, 65507, 7, 3, 0];
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
    if (addon.toaRecord(fd) >= 0) throw new Error("toaRecord");
    if (addon.readAccepted(fd, round & 7) !== 20) throw new Error("readAccepted");
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

/** Datagrams of every size up to the longest, packed and in place, with a close in the midst of a batch. */
async function exerciseUdp() {
  const { data, words } = addon.udpBuffers();
  const socket = createSocket("udp4").bind(0, "127.0.0.1");
  await once(socket, "listening");
  const { handle } =
    socket[Object.getOwnPropertySymbols(socket).find(({ description }) => description === "state symbol")];
  handle.recvStop();
  for (const packs of [1, 0]) {
    let received = 0;
    const done = new Promise((resolve) => {
      const id = addon.udpOpen(handle.fd, 3, (count, slab) => {
        if (count < 0) throw new Error(`udpOpen: ${count}`);
        for (let at = 0; at < count * 16; at += 16) {
          const bytes = new Uint8Array(slab ?? data, words[at], words[at + 1]);
          if (bytes.some((byte) => byte !== (bytes.length & 255))) throw new Error("another datagram's bytes");
          received++;
        }
        if (received === UDP_SIZES.length && addon.udpClose(id) === 0 && addon.udpClose(id) < 0) resolve();
      });
      if (id < 0 || addon.udpPack(id, packs) !== 0 || addon.udpRef(id, 1) !== 0) throw new Error(`udpOpen: ${id}`);
    });
    const sender = createSocket("udp4");
    for (const size of UDP_SIZES) {
      await new Promise((resolve) =>
        sender.send(Buffer.alloc(size, size), socket.address().port, "127.0.0.1", resolve),
      );
    }
    await done;
    sender.close();
  }
  socket.close();
}

/** Each environment has its own, which it leaves open: that is the addon's to close. Without CAP_NET_RAW there is none. */
async function exerciseTap() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const tap = addon.tapOpen(server.address().port, 7, Uint8Array.of(253, 254));
  if (tap === -1) return void server.close();
  if (tap < 1 || addon.tapProbe() !== 0) throw new Error(`tapOpen: ${tap}`);
  for (let round = 0; round < TAP_ROUNDS; round++) {
    const accepting = once(server, "connection");
    const client = connect(server.address().port, "127.0.0.1");
    const [accepted] = await accepting;
    const { fd } = accepted._handle;
    const [first, again] = [addon.tapFind(tap, fd, 0), addon.tapFind(tap, fd, 1)];
    if (first !== 0 || again !== 0) throw new Error(`tapFind: ${first}, ${again}`);
    if (addon.tapFind(tap + 1, fd, 0) >= 0 || addon.tapLost(tap) !== 0) throw new Error("tapLost");
    client.destroy();
    accepted.destroy();
  }
  const second = addon.tapOpen(server.address().port, 2, Uint8Array.of(254));
  if (addon.tapClose(second) !== 0 || addon.tapClose(second) >= 0) throw new Error("tapClose");
  server.close();
}

async function main() {
  const workers = isMainThread
    ? Array.from({ length: WORKERS }, () => new Worker(__filename, { workerData: path }))
    : [];
  const ended = workers.map((worker) => once(worker, "exit"));
  await exercise();
  await exerciseUdp();
  await exerciseTap();
  for (const [code] of await Promise.all(ended)) if (code !== 0) throw new Error(`a worker ended with ${code}`);
}

void main();
