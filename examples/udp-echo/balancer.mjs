// A layer-4 balancer on loopback that says who its clients are by Simple Proxy Protocol, as Cloudflare Spectrum does. For the demo: no limits, no trust.
import { createSocket } from "node:dgram";
import { once } from "node:events";

const MAGIC = 0x56ec;
const HEADER_BYTES = 38;

/** From `host` and a port of its own to `upstream`. Resolves when it listens. */
export async function startBalancer({ host, upstream }) {
  const front = createSocket("udp4");
  const legs = new Map();
  front.on("message", (payload, client) => {
    const key = `${client.address} ${client.port}`;
    let leg = legs.get(key);
    if (leg === undefined) {
      leg = createSocket("udp4").on("message", (reply) => {
        // The server gives the header back; whoever forgets that has lost the client.
        if (reply.readUInt16BE(0) === MAGIC) front.send(reply.subarray(HEADER_BYTES), client.port, client.address);
      });
      legs.set(key, leg);
    }
    leg.send([headerOf(client, front.address()), payload], upstream.port, upstream.address);
  });
  front.bind(0, host);
  await once(front, "listening");
  const close = () => {
    for (const socket of [front, ...legs.values()]) socket.close();
  };
  return { port: front.address().port, close };
}

/** Magic, both addresses as IPv6, both ports. */
function headerOf(client, own) {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt16BE(MAGIC, 0);
  for (const [index, { address, port }] of [client, own].entries()) {
    header.writeUInt16BE(0xffff, 2 + 16 * index + 10);
    header.set(address.split(".").map(Number), 2 + 16 * index + 12);
    header.writeUInt16BE(port, 34 + 2 * index);
  }
  return header;
}
