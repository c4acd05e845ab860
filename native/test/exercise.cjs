// Every call of an addon (its path is the argument), with right and with wrong arguments, in this environment and in workers. For the sanitizers.
"use strict";

const { once } = require("node:events");
const { createSocket } = require("node:dgram");
const { connect, createServer } = require("node:net");
const { isMainThread, parentPort, Worker, workerData } = require("node:worker_threads");
const { UDP_BATCH, UDP_WORDS } = require("../numbers.js");

const ROUNDS = 2000;
const WORKERS = 3;
const TAP_ROUNDS = 200;
/** From nothing to the longest payload of IPv4. */
const UDP_SIZES = [0, 1, 64, 1472, 2048, 9000, 65507, 7, 3, 0];
const path = isMainThread ? process.argv[2] : workerData;
const { sockets, bpf, tap, udp } = require(path);
// An attachment would be the machine's business: that one is called with wrong arguments alone, which the abuse below never gets right.
const calls = [sockets, bpf, tap, udp]
  .flatMap((group) => Object.values(group))
  .filter((value) => typeof value === "function");
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
  if (sockets.saveSyn(server._handle.fd, 1) !== 0) throw new Error("saveSyn");
  const client = connect(server.address().port, "127.0.0.1");
  const [accepted] = await once(server, "connection");
  const { fd } = accepted._handle;
  if (sockets.savedSyn(fd) < 40 || sockets.savedSyn(fd) !== 0) throw new Error("savedSyn");
  for (let round = 0; round < ROUNDS; round++) {
    if (sockets.getPeername(fd) !== 16) throw new Error("getPeername");
    if (sockets.toaLookup(fd) >= 0) throw new Error("toaLookup");
    if (sockets.toaRecord(fd) >= 0) throw new Error("toaRecord");
    if (sockets.readAccepted(fd, round & 7) !== 20) throw new Error("readAccepted");
    const length = 1 + (round % 512);
    const answer = sockets.getSockopt(fd, 6, 11, length);
    if (answer < 0 || answer > length) throw new Error("getSockopt");
    if (sockets.setSockopt(fd, 6, 1, round & 1) !== 0) throw new Error("setSockopt");
  }
  abuse(fd);
  sockets.buffer.fill(1);
  client.destroy();
  accepted.destroy();
  server.close();
}

/** The end of a batch's memory: index.d.ts. */
const UDP_WORDS_BYTES = UDP_BATCH * UDP_WORDS * Int32Array.BYTES_PER_ELEMENT;

async function bindUdp() {
  const socket = createSocket("udp4").bind(0, "127.0.0.1");
  await once(socket, "listening");
  const { handle } =
    socket[Object.getOwnPropertySymbols(socket).find(({ description }) => description === "state symbol")];
  handle.recvStop();
  return { socket, fd: handle.fd, port: socket.address().port };
}

/** What JavaScript can do to the memory of a batch: leave it, hand it to somebody who keeps it, or to somebody who drops it at once; by either way. */
const kept = [];
const UDP_BREACHES = [
  () => {},
  (memory) => kept.push(structuredClone(memory, { transfer: [memory] })),
  (memory) => void structuredClone(memory, { transfer: [memory] }),
  (memory) => memory.transfer && kept.push(memory.transfer()),
  (memory) => memory.transfer?.(16),
];

/** Datagrams of every size up to the longest, with whatever JavaScript does to the memory that they are in, and a close in the midst of a batch. */
async function exerciseUdp() {
  const { socket, fd, port } = await bindUdp();
  for (const breach of UDP_BREACHES) {
    let received = 0;
    const done = new Promise((resolve) => {
      const id = udp.open(fd, 3, (count, memory) => {
        if (count < 0) throw new Error(`udp.open: ${count}`);
        const words = new Int32Array(memory, memory.byteLength - UDP_WORDS_BYTES);
        for (let at = 0; at < count * 16; at += 16) {
          const bytes = new Uint8Array(memory, words[at], words[at + 1]);
          if (bytes.some((byte) => byte !== (bytes.length & 255))) throw new Error("another datagram's bytes");
          received++;
        }
        breach(memory);
        if (typeof gc === "function") gc();
        if (received === UDP_SIZES.length && udp.close(id) === 0 && udp.close(id) < 0) resolve();
      });
      if (id < 0 || udp.ref(id, 1) !== 0) throw new Error(`udp.open: ${id}`);
    });
    const sender = createSocket("udp4");
    for (const size of UDP_SIZES) {
      await new Promise((resolve) => sender.send(Buffer.alloc(size, size), port, "127.0.0.1", resolve));
    }
    await done;
    sender.close();
  }
  for (const memory of kept) new Uint8Array(memory).fill(255);
  socket.close();
}

/** A connected socket is refused by its peer, and goes on when that comes back. */
async function exerciseUdpErrors() {
  const [site, gone] = [await bindUdp(), await bindUdp()];
  gone.socket.close();
  site.socket.connect(gone.port, "127.0.0.1");
  await once(site.socket, "connect");
  const told = [];
  let tell;
  const id = udp.open(site.fd, 0, (count) => {
    told.push(count);
    tell?.();
  });
  const next = () => new Promise((resolve) => (tell = resolve));
  for (let round = 0; round < 3; round++) {
    const refused = next();
    site.socket.send("anybody?", () => {});
    await refused;
  }
  const back = createSocket("udp4").bind(gone.port, "127.0.0.1");
  await once(back, "listening");
  const came = next();
  back.send("here", site.port, "127.0.0.1");
  await came;
  if (told.join() !== "-111,-111,-111,1") throw new Error(`after errors: ${told.join()}`);
  udp.close(id);
  back.close();
  site.socket.close();
}

/** Each environment has its own, which it leaves open: that is the addon's to close. Without CAP_NET_RAW there is none. */
async function exerciseTap() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const id = tap.open(server.address().port, 7, Uint8Array.of(253, 254));
  if (id === -1) return void server.close();
  if (id < 1 || tap.probe() !== 0) throw new Error(`tap.open: ${id}`);
  for (let round = 0; round < TAP_ROUNDS; round++) {
    const accepting = once(server, "connection");
    const client = connect(server.address().port, "127.0.0.1");
    const [accepted] = await accepting;
    const { fd } = accepted._handle;
    const [first, again] = [tap.find(id, fd, 0), tap.find(id, fd, 1)];
    if (first !== 0 || again !== 0) throw new Error(`tap.find: ${first}, ${again}`);
    if (tap.find(id + 1, fd, 0) >= 0 || tap.lost(id) !== 0) throw new Error("tap.lost");
    client.destroy();
    accepted.destroy();
  }
  const second = tap.open(server.address().port, 2, Uint8Array.of(254));
  if (tap.close(second) !== 0 || tap.close(second) >= 0) throw new Error("tap.close");
  server.close();
}

/** The memory of answers may outlive the environment in another thread; the calls go on, and their answers are not seen. From Node 22 on. */
function giveAway() {
  const { buffer } = sockets.buffer;
  if (buffer.transfer === undefined) return;
  const memory = buffer.transfer();
  abuse(-1);
  if (!isMainThread) parentPort.postMessage(memory, [memory]);
}

async function main() {
  const workers = isMainThread
    ? Array.from({ length: WORKERS }, () => new Worker(__filename, { workerData: path }))
    : [];
  const ended = workers.map((worker) => once(worker, "exit"));
  const moved = [];
  for (const worker of workers) worker.on("message", (memory) => moved.push(memory));
  await exercise();
  await exerciseUdp();
  // A worker may find the port taken that another one has just left.
  if (isMainThread) await exerciseUdpErrors();
  await exerciseTap();
  for (const [code] of await Promise.all(ended)) if (code !== 0) throw new Error(`a worker ended with ${code}`);
  for (const memory of moved) new Uint8Array(memory).fill(255);
  giveAway();
}

void main();
