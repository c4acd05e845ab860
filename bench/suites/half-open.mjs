// 10,000 connections that bring a byte of a header each second: what they cost, when they end, and how honest clients fare beside them. Needs more than 10,000 open files (`ulimit -n`).
import { fork } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { judge } from "../harness/row.mjs";

/** Bounded by the ports of one address and by open files (`ulimit -n`), of which a connection takes one on either side. */
const CONNECTIONS = 10_000;
/** Milliseconds that the server waits for a header: long enough to measure beside the crowd. */
const TIMEOUT_MS = 12_000;
/** Honest requests a second that are asked for, well below what the server can do, and how long. */
const OFFERED = 600;
const PACED_MS = 3000;
/** Milliseconds in which nobody else asks. */
const CROWD_ALONE_MS = 2000;
/** Requests, as many at a time as saturate the server. */
const SATURATED = 3000;
const HEADER = "PROXY TCP4 203.0.113.7 198.51.100.10 50182 443\r\n";
const REQUEST = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

/** With the addon, and in JavaScript alone. */
export async function measure() {
  return [...(await measureCrowd("", "0")), ...(await measureCrowd(", JavaScript alone", "1"))];
}

async function measureCrowd(how, withoutAddon) {
  const server = fork(new URL("../served/half-open.mjs", import.meta.url), [String(TIMEOUT_MS)], {
    execArgv: ["--expose-gc"],
    env: { ...process.env, WHEREFROM_NO_NATIVE: withoutAddon },
  });
  const [port] = await once(server, "message");
  const ask = async () => {
    const answer = once(server, "message");
    server.send("status");
    const [status] = await answer;
    return status;
  };
  await serveHonest(port, 6000);
  const alone = await pacedRate(port);
  const saturatedAlone = await saturatedRate(port, ask);
  const before = await ask();
  const openedAt = Date.now();
  const crowd = await openCrowd(port);
  const openMs = Date.now() - openedAt;
  const during = await ask();
  const idle = await costOf(ask, () => new Promise((done) => setTimeout(done, CROWD_ALONE_MS)));
  const beside = await pacedRate(port);
  const saturatedBeside = await saturatedRate(port, ask);
  const waiting = (await ask()).waiting;
  await crowd.ended;
  const closedMs = crowd.lastEndedAt() - crowd.lastOpenedAt();
  const after = await ask();
  server.disconnect();
  const memory = (during.memory - before.memory) / during.waiting;
  return [
    judge({
      case: `${CONNECTIONS} half-open connections${how}`,
      subject: `honest requests served a second beside them, ${OFFERED} asked for`,
      against: "the same alone",
      ratio: beside / alone,
      noise: Math.abs(alone / OFFERED - 1),
      must: ">= 0.95",
      detail: `${beside.toFixed(0)} against ${alone.toFixed(0)} a second; ${waiting} waited still`,
    }),
    judge({
      case: `${CONNECTIONS} half-open connections${how}`,
      subject: "honest requests a second of processor time beside them",
      against: "the same alone",
      ratio: saturatedBeside / saturatedAlone,
      noise: 0,
      must: ">= 0.95",
      detail: `${saturatedBeside.toFixed(0)} against ${saturatedAlone.toFixed(0)}`,
    }),
    judge({
      case: `${CONNECTIONS} half-open connections${how}`,
      subject: "part of a processor that they take by themselves",
      against: "nothing: published",
      ratio: idle / 1000 / CROWD_ALONE_MS,
      noise: 0,
      must: "<= 0.05",
    }),
    judge({
      case: `${CONNECTIONS} half-open connections${how}`,
      subject: "still open after the timeout",
      against: "none",
      ratio: after.waiting,
      noise: 0,
      must: "<= 0",
      detail: `refused: ${JSON.stringify(after.refused)}; the last ended ${closedMs} ms after it was opened, opening took ${openMs} ms`,
    }),
    judge({
      case: `${CONNECTIONS} half-open connections${how}`,
      subject: "resident memory of the server for each, bytes",
      against: "nothing: published",
      ratio: memory,
      noise: 0,
      detail: `heap and buffers alone ${((during.heap - before.heap) / during.waiting).toFixed(0)} bytes; ${during.waiting} waited`,
    }),
  ];
}

/** Connections that send the first bytes of a header, one a second, until they are closed. */
async function openCrowd(port) {
  const sockets = new Set();
  let lastOpenedAt = 0;
  let lastEndedAt = 0;
  let allEnded;
  const ended = new Promise((done) => (allEnded = done));
  const tick = setInterval(() => {
    for (const socket of sockets) socket.write(HEADER[socket.sent++]);
  }, 1000);
  for (let index = 0; index < CONNECTIONS; index += 100) {
    await Promise.all(
      Array.from({ length: 100 }, (_, offset) => {
        // Source addresses of our own, so that the ports suffice.
        const socket = connect({ port, host: "127.0.0.1", localAddress: `127.0.1.${1 + ((index + offset) % 4)}` });
        socket.sent = 1;
        socket.on("error", () => {});
        socket.on("close", () => {
          sockets.delete(socket);
          lastEndedAt = Date.now();
          if (sockets.size === 0) {
            clearInterval(tick);
            allEnded();
          }
        });
        return once(socket, "connect").then(() => {
          socket.write(HEADER[0]);
          sockets.add(socket);
          lastOpenedAt = Date.now();
        });
      }),
    );
  }
  return { ended, lastOpenedAt: () => lastOpenedAt, lastEndedAt: () => lastEndedAt };
}

/** Served within the time, a second, when so many are asked for at an even pace. */
async function pacedRate(port) {
  const step = 20;
  const start = Date.now();
  let asked = 0;
  let served = 0;
  while (Date.now() - start < PACED_MS) {
    const due = ((Date.now() - start) / 1000) * OFFERED;
    for (; asked < due; asked++) void askHonest(port).then(() => served++);
    await new Promise((done) => setTimeout(done, step));
  }
  return served / ((Date.now() - start) / 1000);
}

/**
 * Requests a second of the server's processor time, when as many are asked for as there are answers: the process that asks plays the crowd as well, and
 * would be what is measured by the clock.
 */
async function saturatedRate(port, ask) {
  const microseconds = await costOf(ask, () => serveHonest(port, SATURATED));
  return SATURATED / (microseconds / 1e6);
}

/** Microseconds of the server's processor time that pass. */
async function costOf(ask, work) {
  const { microseconds: before } = await ask();
  await work();
  return (await ask()).microseconds - before;
}

async function askHonest(port) {
  const socket = connect({ port, host: "127.0.0.1" });
  socket.write(HEADER + REQUEST);
  socket.resume();
  await once(socket, "close");
}

async function serveHonest(port, count) {
  let left = count;
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      while (left-- > 0) await askHonest(port);
    }),
  );
}
