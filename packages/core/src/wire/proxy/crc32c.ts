/** Castagnoli's polynomial 0x1EDC6F41, reflected (RFC 9260, appendix A). */
const POLYNOMIAL = 0x82f63b78;

const TABLE: Int32Array = new Int32Array(256);
for (let value = 0; value < 256; value++) {
  let remainder = value;
  for (let bit = 0; bit < 8; bit++) remainder = remainder & 1 ? (remainder >>> 1) ^ POLYNOMIAL : remainder >>> 1;
  TABLE[value] = remainder;
}

/** CRC32c of bytes[from, to), unsigned, in which the four bytes at `zeroAt` count as zeros (`to` or more: none). */
export function crc32c(bytes: Uint8Array, from: number, to: number, zeroAt: number): number {
  if (zeroAt >= to) return ~add(-1, bytes, from, to) >>> 0;
  let sum = add(-1, bytes, from, zeroAt);
  for (let zero = 0; zero < 4; zero++) sum = (TABLE[sum & 0xff] as number) ^ (sum >>> 8);
  return ~add(sum, bytes, zeroAt + 4, to) >>> 0;
}

function add(before: number, bytes: Uint8Array, from: number, to: number): number {
  let sum = before;
  for (let at = from; at < to; at++) {
    sum = (TABLE[(sum ^ (bytes[at] as number)) & 0xff] as number) ^ (sum >>> 8);
  }
  return sum;
}
