import type { BatchMemory } from "./batch-memory.ts";
import { UDP_AT, UDP_FAMILY, UDP_LENGTH, UDP_PORT, UDP_WORDS } from "./native-numbers.ts";
import type { Peer, PeerCache } from "./peer.ts";

/**
 * The datagrams that one wake-up of the process brought. Its rule: it is valid during the call that hands it over, and so is every payload, which is a view of
 * memory that all sockets of the thread receive into. Copy (`Buffer.from(batch.payload(i))`) what is to be kept, cloned or sent to another thread. Asked after that call, or after its
 * memory was given away, it throws a RangeError; a payload that was kept shows the bytes of later datagrams.
 */
export interface Batch {
  /** How many there are; `index` below is less. 0 once the call is over. */
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

/** One per socket and memory, filled anew for each batch. */
export class SocketBatch implements Batch {
  length = 0;
  readonly memory: BatchMemory;
  readonly #peers: PeerCache;
  readonly #clientIpAt: ClientIpAt;

  constructor(memory: BatchMemory, peers: PeerCache, clientIpAt: ClientIpAt) {
    this.memory = memory;
    this.#peers = peers;
    this.#clientIpAt = clientIpAt;
  }

  get data(): Buffer {
    return this.memory.data;
  }

  get words(): Int32Array {
    return this.memory.words;
  }

  payload(index: number): Buffer {
    const at = this.#at(index);
    const from = this.words[at + UDP_AT] as number;
    return this.data.subarray(from, from + (this.words[at + UDP_LENGTH] as number));
  }

  address(index: number): string {
    return this.#peer(index).address;
  }

  port(index: number): number {
    return this.words[this.#at(index) + UDP_PORT] as number;
  }

  clientIp(index: number): string | undefined {
    return this.#clientIpAt(index, this.#peer(index));
  }

  /** Leaves datagrams out: those for which `isWanted` says no. */
  filter(isWanted: (peer: Peer, family: 4 | 6) => boolean): void {
    const { words } = this;
    let kept = 0;
    for (let index = 0; index < this.length; index++) {
      const at = index * UDP_WORDS;
      if (!isWanted(this.#peer(index), words[at + UDP_FAMILY] as 4 | 6)) continue;
      if (kept < index) words.copyWithin(kept * UDP_WORDS, at, at + UDP_WORDS);
      kept++;
    }
    this.length = kept;
  }

  #peer(index: number): Peer {
    const at = this.#at(index);
    return this.#peers.find(this.words, this.memory.bytes, at, this.words[at + UDP_FAMILY] as 4 | 6);
  }

  #at(index: number): number {
    const isThere = Number.isInteger(index) && index >= 0 && index < this.length;
    if (isThere && this.words.length > 0) return index * UDP_WORDS;
    if (isThere) throw new RangeError("the memory of this batch was given away: copy what you send on");
    throw new RangeError(
      `this batch has ${this.length} datagrams, and number ${index} was asked for: it is valid during the call that hands it over, copy what you keep`,
    );
  }
}
