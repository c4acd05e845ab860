import { formatWords } from "./text.ts";

/** ::ffff:0:0/96 (RFC 4291, 2.5.5.2). */
const MAPPED_WORD = 0xffff;

/** Canonical text of an address of 4 or 16 bytes in network order that the caller has found to be there; an IPv4-mapped one is IPv4. */
export function addressText(bytes: Uint8Array, at: number, family: 4 | 6): string {
  const w0 = readWord(bytes, at);
  if (family === 4) return formatWords(4, w0, 0, 0, 0);
  const w1 = readWord(bytes, at + 4);
  const w2 = readWord(bytes, at + 8);
  const w3 = readWord(bytes, at + 12);
  if (w0 === 0 && w1 === 0 && w2 === MAPPED_WORD) return formatWords(4, w3, 0, 0, 0);
  return formatWords(6, w0, w1, w2, w3);
}

/** Four bytes as a signed integer. */
export function readWord(bytes: Uint8Array, at: number): number {
  return (readShort(bytes, at) << 16) | readShort(bytes, at + 2);
}

export function readShort(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}

/** Bytes [from, to) as lower-case hexadecimal digits, for the proof. */
export function hexText(bytes: Uint8Array, from: number, to: number): string {
  return asBuffer(bytes).toString("hex", from, to);
}

/** Bytes [from, to) as a character each. */
export function latin1Text(bytes: Uint8Array, from: number, to: number): string {
  return asBuffer(bytes).toString("latin1", from, to);
}

/** What comes from a socket is one already. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** Fewer bytes than this are copied faster one by one than by a view and a call. */
const SHORT_COPY_BYTES = 32;

/** Bytes [from, to) as a copy of their own. (A Buffer's own `slice` is a view.) */
export function copyBytes(bytes: Uint8Array, from: number, to: number): Uint8Array {
  if (to - from > SHORT_COPY_BYTES) return new Uint8Array(bytes.subarray(from, to));
  const copy = new Uint8Array(to - from);
  for (let at = from; at < to; at++) copy[at - from] = bytes[at] as number;
  return copy;
}
