import type { Endpoint } from "../../address/endpoint.ts";
import { addressText, copyBytes, readShort } from "../../address/bytes.ts";
import type { ToaPacket } from "./products.ts";
import {
  TOA_PACKET_ACK,
  TOA_PACKET_DATA,
  TOA_PACKET_NONE,
  TOA_PACKET_SYN,
  TOA_RECORD_ADDRESS_AT,
  TOA_RECORD_BYTES,
  TOA_RECORD_FAMILY_AT,
  TOA_RECORD_LENGTH_AT,
  TOA_RECORD_OPTIONS_AT,
  TOA_RECORD_PACKET_AT,
  TOA_RECORD_PORT_AT,
  TOA_RECORD_VERSION,
} from "./record-numbers.ts";

/** Of struct toa_record, native/addon/toa_record.h. */
export { TOA_RECORD_BYTES };
const PACKETS: Readonly<Record<number, ToaPacket>> = {
  [TOA_PACKET_SYN]: "syn",
  [TOA_PACKET_ACK]: "ack",
  [TOA_PACKET_DATA]: "data",
};

/** What was kept of a connection in the kernel. */
export interface ToaRecord {
  /** Undefined where no packet was kept: the record tells the peer alone. */
  readonly packet: ToaPacket | undefined;
  /** IP version of the packet. */
  readonly family: 4 | 6;
  /** Behind the fixed header, as a copy. */
  readonly options: Uint8Array;
  /** Who is connected, as TCP knows it, whatever getpeername calls the peer. */
  readonly peer: Endpoint;
}

/** The first `TOA_RECORD_BYTES` bytes; undefined for a version or a packet that we do not know, and for a length that no header has. */
export function parseToaRecord(bytes: Uint8Array): ToaRecord | undefined {
  if (bytes.length < TOA_RECORD_BYTES || bytes[0] !== TOA_RECORD_VERSION) return undefined;
  const packet = PACKETS[bytes[TOA_RECORD_PACKET_AT] as number];
  const length = bytes[TOA_RECORD_LENGTH_AT] as number;
  if (
    (packet === undefined && bytes[TOA_RECORD_PACKET_AT] !== TOA_PACKET_NONE) ||
    TOA_RECORD_OPTIONS_AT + length > TOA_RECORD_BYTES
  )
    return undefined;
  const address = addressText(bytes, TOA_RECORD_ADDRESS_AT, bytes[TOA_RECORD_FAMILY_AT] === 4 ? 4 : 6);
  return {
    packet,
    family: address.includes(":") ? 6 : 4,
    options: copyBytes(bytes, TOA_RECORD_OPTIONS_AT, TOA_RECORD_OPTIONS_AT + length),
    peer: { address, port: readShort(bytes, TOA_RECORD_PORT_AT) },
  };
}
