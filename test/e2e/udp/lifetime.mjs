// What a socket does to the life of its process: `node lifetime.mjs unref|ref|workers|exit`.
import { createSocket as createPlain } from "node:dgram";
import { once } from "node:events";
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { compilePolicy } from "@wherefrom/core";
import { createSocket, udpStatus } from "@wherefrom/dgram";

const ROUNDS = 20;

async function open(listener = () => {}) {
  const socket = createSocket("udp4", compilePolicy({ trust: [] }), listener);
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  if (udpStatus(socket).receiver !== "addon") throw new Error(udpStatus(socket).receiver);
  return socket;
}

/** Datagrams without end; the answer stops them. */
function flood(port) {
  const sender = createPlain("udp4");
  const timer = setInterval(() => {
    for (let n = 0; n < 100; n++) sender.send("x", port, "127.0.0.1");
  }, 1);
  return () => {
    clearInterval(timer);
    sender.close();
  };
}

async function terminateWorkers() {
  for (let round = 0; round < ROUNDS; round++) {
    const worker = new Worker(new URL(import.meta.url));
    const [port] = await once(worker, "message");
    const stop = flood(port);
    await once(worker, "message");
    await worker.terminate();
    stop();
  }
}

if (isMainThread) {
  const [mode] = process.argv.slice(2);
  if (mode === "workers") await terminateWorkers();
  else if (mode === "exit") flood((await open(() => process.exit())).address().port);
  else (await open()).unref()[mode]();
} else {
  const socket = await open(() => parentPort.postMessage("a datagram came"));
  parentPort.postMessage(socket.address().port);
}
