/**
 * A copy of bytes[from, to) alone in its ArrayBuffer, as node:dgram gives every message one: a transfer to another thread, or a clone, takes no other message's bytes along.
 * (Not `Buffer.from`, which puts short copies into memory that they share.)
 */
export function ownBytes(bytes: Buffer, from: number, to: number): Buffer {
  const copy = Buffer.allocUnsafeSlow(to - from);
  copy.set(bytes.subarray(from, to));
  return copy;
}
