// A UDP server behind the bed's balancer: answers every datagram with what wherefrom says of it, as JSON, and says it itself where it `tells`. Says its status when it is asked for a line.
import { createInterface } from "node:readline";
import { compilePolicy } from "@wherefrom/core";
import { createSocket, getClientIp, udpStatus } from "@wherefrom/dgram";

const { type, host, port, udp, policy, batches = false, tells = false } = JSON.parse(process.argv[2]);
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

const socket = createSocket({ type, udp }, compilePolicy(policy));

function describe(info) {
  const { client, stop, hops } = info.client;
  return {
    ip: getClientIp(info),
    client,
    stop,
    peer: info.address,
    hops: hops.map(({ method, format, verdict, claim }) => ({
      method,
      format,
      trusted: verdict.trusted,
      forgeable: verdict.forgeable,
      via: claim?.via,
      reason: claim?.reason,
    })),
  };
}

/** What came, without its padding, and whether that is whole. */
function parse(payload) {
  const end = payload.indexOf(10);
  const { n, size } = end < 0 ? {} : JSON.parse(payload.toString("utf8", 0, end));
  const isWhole = payload.length === size && payload.subarray(end + 1).every((byte) => byte === (n & 255));
  return { n, size: payload.length, isWhole };
}

socket.on("message", (payload, info) => {
  const said = { ...parse(payload), ...describe(info) };
  if (tells) say(said);
  socket.send(JSON.stringify(said), info.port, info.address);
});
socket.bind(port, host, () => {
  if (batches) {
    socket.receiveBatches((batch) => {
      for (let index = 0; index < batch.length; index++) {
        const said = { ...parse(batch.payload(index)), ip: batch.clientIp(index) };
        socket.send(JSON.stringify(said), batch.port(index), batch.address(index));
      }
    });
  }
  say(udpStatus(socket));
});
createInterface({ input: process.stdin })
  .on("line", () => say(udpStatus(socket)))
  .on("close", () => process.exit());
