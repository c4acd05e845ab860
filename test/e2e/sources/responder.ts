import { createSocket } from "node:dgram";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

/** Types of RFC 1035 and RFC 3596. */
export const A = 1;
export const AAAA = 28;

/** What is answered to one question; undefined: nothing at all. */
export interface Reply {
  /** RFC 1035, 4.1.1: 0 is no error, 2 a failure of the server. Default 0. */
  readonly code?: number;
  /** Whether the answer says that it was cut (TC). */
  readonly isCut?: boolean;
  /** Addresses as bytes in hex, and how long they hold, in seconds. */
  readonly records?: readonly (readonly [address: string, ttl: number])[];
}

/** A name server by UDP that answers what no real one does. Its address, as `dnsList` takes it. */
export async function startResponder(reply: (type: number) => Reply | undefined): Promise<string> {
  const socket = createSocket("udp4");
  socket.on("message", (message, { port, address }) => {
    // The name begins behind the header of 12 bytes, and ends in a label of no length.
    const end = message.indexOf(0, 12) + 5;
    const type = message.readUInt16BE(end - 4);
    const answer = reply(type);
    if (answer === undefined) return;
    const { code = 0, isCut = false, records = [] } = answer;
    const head = Buffer.alloc(12);
    message.copy(head, 0, 0, 2);
    // QR, RD and RA, and TC of the answer that was cut.
    head.writeUInt16BE(0x8180 | (isCut ? 0x0200 : 0) | code, 2);
    head.writeUInt16BE(1, 4);
    head.writeUInt16BE(records.length, 6);
    const rows = records.map(([bytes, ttl]) => {
      const row = Buffer.alloc(12);
      // The name is that of the question, at byte 12 (RFC 1035, 4.1.4).
      row.writeUInt16BE(0xc00c, 0);
      row.writeUInt16BE(type, 2);
      row.writeUInt16BE(1, 4);
      row.writeUInt32BE(ttl, 6);
      row.writeUInt16BE(bytes.length / 2, 10);
      return Buffer.concat([row, Buffer.from(bytes, "hex")]);
    });
    socket.send(Buffer.concat([head, message.subarray(12, end), ...rows]), port, address);
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  onTestFinished(() => void socket.close());
  return `127.0.0.1:${(socket.address() as AddressInfo).port}`;
}
