// Clients of the bed's balancer, a socket and an address each: prints a line of JSON with what the server said of every datagram, and of those it never answered.
import { createSocket } from "node:dgram";
import { once } from "node:events";

const {
  host,
  port,
  addresses,
  each = 1,
  size = 200,
  waitMs = 3000,
  retries = 0,
  gapMs = 0,
  bindPort = 0,
} = JSON.parse(process.argv[2]);
const type = host.includes(":") ? "udp6" : "udp4";
const SPP = 0x56ec;
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function datagram(n) {
  const head = Buffer.from(`${JSON.stringify({ n, size })}\n`);
  return Buffer.concat([head, Buffer.alloc(Math.max(0, size - head.length), n)], Math.max(size, head.length));
}

/** A reply under Simple Proxy Protocol begins with the header, which names us. */
function unwrap(reply) {
  const isWrapped = reply.length > 38 && reply.readUInt16BE(0) === SPP;
  return {
    isWrapped,
    names: isWrapped ? reply.subarray(2, 18).toString("hex") : undefined,
    said: JSON.parse(String(isWrapped ? reply.subarray(38) : reply)),
  };
}

async function converse(address) {
  const socket = createSocket(type);
  const own = [];
  socket.bind(bindPort, address);
  await once(socket, "listening");
  const answers = new Map();
  socket.on("message", (reply) => {
    const { said, ...rest } = unwrap(reply);
    answers.set(said.n, { ...rest, said });
  });
  for (let attempt = 0; attempt <= retries && answers.size < each; attempt++) {
    for (let n = 0; n < each; n++) {
      if (answers.has(n)) continue;
      socket.send(datagram(n), port, host);
      if (gapMs > 0) await wait(gapMs);
    }
    for (const end = Date.now() + waitMs; answers.size < each && Date.now() < end;) await wait(5);
  }
  const { port: ownPort } = socket.address();
  socket.close();
  for (let n = 0; n < each; n++) own.push({ own: { address, port: ownPort }, n, ...answers.get(n) });
  return own;
}

const all = [];
for (let from = 0; from < addresses.length; from += 50) {
  all.push(...(await Promise.all(addresses.slice(from, from + 50).map(converse))).flat());
}
process.stdout.write(`${JSON.stringify(all)}\n`);
