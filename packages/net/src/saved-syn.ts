import type { Sockopt } from "@wherefrom/native";

/** From the IP header on: tcp(7), TCP_SAVE_SYN. */
const FROM_IP_HEADER = 1;
/** Copies stand side by side in slabs of this many bytes: an array of its own for each would cost ten times as much. One SYN that is kept keeps its slab. */
const SLAB_BYTES = 16_384;

let slab = new Uint8Array(0);
let used = 0;

/** A copy of a SYN: bytes[from, to), from the IP header on. */
export interface SavedSyn {
  readonly bytes: Uint8Array;
  readonly from: number;
  readonly to: number;
}

/** Asks the kernel to keep SYNs that come from now on. 0, or a negative errno. */
export function saveSyns(sockopt: Sockopt, listenerFd: number): number {
  return sockopt.saveSyn(listenerFd, FROM_IP_HEADER);
}

/**
 * The SYN of an accepted connection, as a copy, because the next call overwrites what this one read. Undefined where there is none: it was read before,
 * it came before `saveSyns`, the kernel answered with SYN cookies (which keep nothing), or the descriptor is no TCP connection.
 */
export function readSavedSyn(sockopt: Sockopt, fd: number): SavedSyn | undefined {
  const length = sockopt.savedSyn(fd);
  if (length <= 0) return undefined;
  if (used + length > slab.length) {
    slab = new Uint8Array(SLAB_BYTES);
    used = 0;
  }
  const { buffer } = sockopt;
  const from = used;
  for (let index = 0; index < length; index++) slab[from + index] = buffer[index] as number;
  used += length;
  return { bytes: slab, from, to: used };
}
