import type { BatchMemory } from "./batch-memory.ts";
import { UDP_AT, UDP_FAMILY, UDP_LENGTH, UDP_OPTION_AT, UDP_OPTION_LENGTH, UDP_WORDS } from "./native-numbers.ts";
import { ownBytes } from "./own-bytes.ts";
import type { Peer, PeerCache } from "./peer.ts";

const NO_OPTIONS = Buffer.alloc(0);

/** The datagrams of a batch, each in memory of its own, for listeners that may do with them what they want, and need more time than until the next batch. */
export class OwnBatch {
  readonly length: number;
  readonly payloads: readonly Buffer[];
  readonly peers: readonly Peer[];
  /** As the addon said them, but that options are where `options` has them. */
  readonly words: Int32Array;
  /** The options of all, which no listener is given. */
  readonly options: Buffer;

  constructor(length: number, { data, words, bytes }: BatchMemory, peers: PeerCache) {
    const payloads: Buffer[] = [];
    const senders: Peer[] = [];
    let optionBytes = 0;
    for (let at = 0; at < length * UDP_WORDS; at += UDP_WORDS) {
      const from = words[at + UDP_AT] as number;
      payloads.push(ownBytes(data, from, from + (words[at + UDP_LENGTH] as number)));
      senders.push(peers.find(words, bytes, at, words[at + UDP_FAMILY] as 4 | 6));
      optionBytes += words[at + UDP_OPTION_LENGTH] as number;
    }
    this.length = length;
    this.payloads = payloads;
    this.peers = senders;
    this.words = words.slice(0, length * UDP_WORDS);
    this.options = optionBytes === 0 ? NO_OPTIONS : this.#copyOptions(data, optionBytes);
  }

  #copyOptions(data: Buffer, total: number): Buffer {
    const { words } = this;
    const options = Buffer.allocUnsafeSlow(total);
    let used = 0;
    for (let at = 0; at < words.length; at += UDP_WORDS) {
      const from = words[at + UDP_OPTION_AT] as number;
      const length = words[at + UDP_OPTION_LENGTH] as number;
      options.set(data.subarray(from, from + length), used);
      words[at + UDP_OPTION_AT] = used;
      used += length;
    }
    return options;
  }
}
