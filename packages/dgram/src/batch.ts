import type { Peer, PeerCache } from "./peer.ts";

/** Words a datagram, and which says what; native/index.d.ts has all of them. */
export const WORDS = 16;
export const AT = 0;
export const LENGTH = 1;
export const FLAGS = 2;
export const FAMILY = 3;
export const PORT = 4;
export const OPTION_AT = 10;
export const OPTION_LENGTH = 11;
export const LOCAL = 12;

/** The datagrams that one wake-up of the process brought. It is valid during the call that hands it over, and so is every payload: the next batch overwrites them. */
export interface Batch {
  /** How many there are; `index` below is less. */
  readonly length: number;
  /** All of their bytes, and where each is: 16 words a datagram, of which the first two are where its payload begins in `data`, and its length. */
  readonly data: Buffer;
  readonly words: Int32Array;
  payload(index: number): Buffer;
  address(index: number): string;
  port(index: number): number;
  /** As `getClientIp(rinfo)`. */
  clientIp(index: number): string | undefined;
}

/** Who sent datagram number `index`, which came from `peer`. */
export type ClientIpAt = (index: number, peer: Peer) => string | undefined;

/** One per socket, filled anew for each batch. */
export class SocketBatch implements Batch {
  length = 0;
  readonly data: Buffer;
  readonly words: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #peers: PeerCache;
  readonly #clientIpAt: ClientIpAt;

  constructor(data: Buffer, words: Int32Array, peers: PeerCache, clientIpAt: ClientIpAt) {
    this.data = data;
    this.words = words;
    this.#bytes = new Uint8Array(words.buffer, words.byteOffset);
    this.#peers = peers;
    this.#clientIpAt = clientIpAt;
  }

  payload(index: number): Buffer {
    const from = this.words[index * WORDS + AT] as number;
    return this.data.subarray(from, from + (this.words[index * WORDS + LENGTH] as number));
  }

  address(index: number): string {
    return this.#peer(index).address;
  }

  port(index: number): number {
    return this.words[index * WORDS + PORT] as number;
  }

  clientIp(index: number): string | undefined {
    return this.#clientIpAt(index, this.#peer(index));
  }

  #peer(index: number): Peer {
    const at = index * WORDS;
    return this.#peers.find(this.words, this.#bytes, at, this.words[at + FAMILY] as 4 | 6);
  }
}
