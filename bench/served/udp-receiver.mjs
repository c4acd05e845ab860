// One receiver of suites/udp.mjs: KIND PORT. Says "ready"; when its input ends, how many datagrams and clients it saw, and the processor time, all from the last line on its input on.
import { createSocket as createPlain } from "node:dgram";
import { compilePolicy } from "@wherefrom/core";
import { createSocket, getClientIp } from "@wherefrom/dgram";

const [kind, port] = process.argv.slice(2);
const policy = compilePolicy({ trust: ["127.0.0.1"], from: "udp-option" });
let received = 0;
let clients = 0;
const udp = { format: "dpvs", sends: "every-datagram" };
const socket = kind === "dgram" ? createPlain("udp4") : createSocket({ type: "udp4", udp }, policy);

if (kind === "dgram") socket.on("message", () => received++);
if (kind === "message") {
  socket.on("message", (_, info) => {
    received++;
    if (getClientIp(info) === "203.0.113.7") clients++;
  });
}
if (kind === "forgetful") {
  // Another policy's answers are not kept, not even this one's twin's.
  socket.on("message", (_, info) => {
    received++;
    if (getClientIp(info, policy) === "203.0.113.7") clients++;
  });
}
if (kind === "proof") {
  socket.on("message", (_, info) => {
    received++;
    if (info.client.client?.address === "203.0.113.7") clients++;
  });
}
if (kind === "unasked") socket.on("message", () => received++);
socket.bind(Number(port), "127.0.0.1", () => {
  if (kind === "words") socket.receiveBatches((batch) => (received += batch.length));
  if (kind === "views" || kind === "copies") {
    let bytes = 0;
    socket.receiveBatches((batch) => {
      received += batch.length;
      for (let index = 0; index < batch.length; index++) {
        const view = batch.payload(index);
        if (kind === "copies") {
          // As each 'message' has its own.
          const copy = Buffer.allocUnsafeSlow(view.length);
          copy.set(view);
          bytes += copy.length;
        } else bytes += view.length;
      }
    });
  }
  if (kind === "batch") {
    socket.receiveBatches((batch) => {
      received += batch.length;
      for (let index = 0; index < batch.length; index++) if (batch.clientIp(index) === "203.0.113.7") clients++;
    });
  }
  process.stdout.write("ready\n");
  let start = process.cpuUsage();
  process.stdin.on("data", () => {
    received = clients = 0;
    start = process.cpuUsage();
  });
  process.stdin.on("end", () => {
    const { user, system } = process.cpuUsage(start);
    process.stdout.write(`${received} ${clients} ${user + system}\n`, () => process.exit());
  });
});
