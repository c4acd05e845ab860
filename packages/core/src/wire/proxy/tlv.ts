import type { ConnectionClaim, Tlv } from "../../evidence/claim.ts";
import { copyBytes, readShort, readWord } from "../../address/bytes.ts";
import { crc32c } from "./crc32c.ts";

/** Types of the PROXY protocol's specification, 2.2. */
export const TLV_ALPN = 0x01;
export const TLV_AUTHORITY = 0x02;
export const TLV_CRC32C = 0x03;
const TLV_NOOP = 0x04;
export const TLV_UNIQUE_ID = 0x05;
export const TLV_SSL = 0x20;
export const TLV_NETNS = 0x30;

/** Longest unique id, in bytes (specification, 2.2.5). */
export const UNIQUE_ID_LIMIT_BYTES = 128;
const HEAD_BYTES = 3;
const CHECKSUM_BYTES = 4;

/** What is wrong with the fields behind the addresses. */
export type TlvFault = "bad-tlv" | "bad-checksum";

/**
 * What is wrong with the fields of bytes[from, to), or undefined. `start` is where the header begins: a checksum covers all of it, and one that is there
 * must be right (specification, 2.2.3). Unknown types are none of our business.
 */
export function findTlvFault(bytes: Uint8Array, start: number, from: number, to: number): TlvFault | undefined {
  let hasChecksum = false;
  for (let at = from; at < to;) {
    const type = bytes[at] as number;
    const value = at + HEAD_BYTES;
    if (value > to) return "bad-tlv";
    const end = value + readShort(bytes, at + 1);
    if (end > to) return "bad-tlv";
    if (type === TLV_CRC32C) {
      if (hasChecksum || end - value !== CHECKSUM_BYTES) return "bad-checksum";
      if (readWord(bytes, value) >>> 0 !== crc32c(bytes, start, to, value)) return "bad-checksum";
      hasChecksum = true;
    } else if (type === TLV_UNIQUE_ID && end - value > UNIQUE_ID_LIMIT_BYTES) return "bad-tlv";
    at = end;
  }
  return undefined;
}

/** The fields of bytes[from, to) in which nothing is wrong, in order and as copies, without padding. */
export function readTlvs(bytes: Uint8Array, from: number, to: number): readonly Tlv[] {
  const tlvs: Tlv[] = [];
  for (let at = from; at < to;) {
    const type = bytes[at] as number;
    const end = at + HEAD_BYTES + readShort(bytes, at + 1);
    if (type !== TLV_NOOP) tlvs.push({ type, value: copyBytes(bytes, at + HEAD_BYTES, end) });
    at = end;
  }
  return tlvs;
}

/** PP2_CLIENT_SSL, the first bit of the SSL field's flags. */
const CLIENT_SSL = 1;
/** One byte of flags and four of the verification's result. */
export const SSL_HEAD_BYTES = 5;

/** Whether a PROXY header says that the client used TLS (specification, 2.2.6). A field that is too short says nothing; of several the first counts. */
export function claimsTls(claim: ConnectionClaim | undefined): boolean {
  const value = claim?.tlvs?.find(({ type }) => type === TLV_SSL)?.value;
  return value !== undefined && value.length >= SSL_HEAD_BYTES && ((value[0] as number) & CLIENT_SSL) !== 0;
}
