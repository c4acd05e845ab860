import type { Peer } from "./peer.ts";

/** Answers that are kept: datagrams of a client come in runs. A power of two. */
const SLOTS = 1024;
/** Longest options that are remembered, in bytes: all that an IPv4 header has room for. */
const OPTIONS_LIMIT_BYTES = 40;

/** Who the client is under one policy, for whom a peer's options were read before: the same bytes from the same peer mean the same. */
export class ClientMemo {
  readonly #peers: (Peer | undefined)[] = Array.from({ length: SLOTS });
  readonly #clients: (string | undefined)[] = Array.from({ length: SLOTS });
  readonly #heads = new Int32Array(SLOTS);
  readonly #options = new Uint8Array(SLOTS * OPTIONS_LIMIT_BYTES);
  /** Where the answer that was asked for last would be, and its length and flags. */
  #slot = -1;
  #head = 0;

  /** Whether the answer is known; it is then `client`. */
  has(peer: Peer, bytes: Uint8Array, from: number, to: number, flags: number): boolean {
    const length = to - from;
    this.#slot = -1;
    if (length === 0 || length > OPTIONS_LIMIT_BYTES) return false;
    let mixed = length;
    for (let at = from; at < to; at++) mixed = Math.imul(mixed ^ (bytes[at] as number), 0x01000193);
    const slot = (mixed ^ (mixed >>> 15)) & (SLOTS - 1);
    this.#slot = slot;
    this.#head = (flags << 8) | length;
    if (this.#peers[slot] !== peer || this.#heads[slot] !== this.#head) return false;
    const kept = this.#options;
    for (let at = from, index = slot * OPTIONS_LIMIT_BYTES; at < to; at++, index++) {
      if (kept[index] !== bytes[at]) return false;
    }
    return true;
  }

  /** What was found last. */
  get client(): string | undefined {
    return this.#clients[this.#slot];
  }

  /** Keeps the answer that was not known, for the same bytes. */
  keep(peer: Peer, bytes: Uint8Array, from: number, to: number, client: string | undefined): void {
    const slot = this.#slot;
    if (slot < 0) return;
    this.#peers[slot] = peer;
    this.#heads[slot] = this.#head;
    this.#clients[slot] = client;
    for (let at = from, index = slot * OPTIONS_LIMIT_BYTES; at < to; at++, index++) {
      this.#options[index] = bytes[at] as number;
    }
  }
}
