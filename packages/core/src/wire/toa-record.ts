import type { Endpoint } from "../endpoint.ts";
import { addressText, copyBytes, readShort } from "./address-bytes.ts";
import type { ToaPacket } from "./toa-products.ts";

/** struct toa_record of native/addon/toa_record.h: version, packet, length, family, port, 2 unused, 16 of address, 40 of options. */
export const TOA_RECORD_BYTES = 64;
const VERSION = 1;
const PORT_AT = 4;
const ADDRESS_AT = 8;
const OPTIONS_AT = 24;
const PACKETS: Readonly<Record<number, ToaPacket>> = { 1: "syn", 2: "ack", 3: "data" };

/** What was kept of a connection in the kernel. */
export interface ToaRecord {
  readonly packet: ToaPacket;
  /** IP version of the packet. */
  readonly family: 4 | 6;
  /** Behind the fixed header, as a copy. */
  readonly options: Uint8Array;
  /** Who sent the packet, whatever the kernel calls the peer now. */
  readonly peer: Endpoint;
}

/** The first `TOA_RECORD_BYTES` bytes; undefined for a version or a packet that we do not know, and for a length that no header has. */
export function parseToaRecord(bytes: Uint8Array): ToaRecord | undefined {
  if (bytes.length < TOA_RECORD_BYTES || bytes[0] !== VERSION) return undefined;
  const packet = PACKETS[bytes[1] as number];
  const length = bytes[2] as number;
  if (packet === undefined || OPTIONS_AT + length > TOA_RECORD_BYTES) return undefined;
  const address = addressText(bytes, ADDRESS_AT, bytes[3] === 4 ? 4 : 6);
  return {
    packet,
    family: address.includes(":") ? 6 : 4,
    options: copyBytes(bytes, OPTIONS_AT, OPTIONS_AT + length),
    peer: { address, port: readShort(bytes, PORT_AT) },
  };
}
