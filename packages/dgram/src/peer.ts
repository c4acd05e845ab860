import { networkInterfaces } from "node:os";
import { addressText, createPeerMemory, type PeerMemory } from "@wherefrom/core/internal";
import { UDP_SCOPE, UDP_SOURCE } from "./native-numbers.ts";

/** Who sends to us: the source address as node:dgram writes it, and what was found out about it. */
export interface Peer {
  readonly address: string;
  /** Undefined for a peer that is not kept. */
  readonly memory: PeerMemory | undefined;
  /** Whether the policy believes what it says in the socket's format; undefined until the first look-up. */
  isBelieved: boolean | undefined;
}

interface Entry extends Peer {
  readonly words: readonly [number, number, number, number];
  readonly scope: number;
}

/** Where the words of a datagram say scope and source. */
/** ::ffff:0:0/96 as bytes of a word, in whatever order the machine has. */
const MAPPED = new Int32Array(Uint8Array.of(0, 0, 0xff, 0xff).buffer)[0] as number;

/** Addresses whose texts are kept: behind a balancer nearly all datagrams have one of a few. A power of two. */
const SLOTS = 256;

/** The texts of source addresses, of which the last ones are kept by their words. One per socket. */
export class PeerCache {
  readonly #entries: (Entry | undefined)[] = Array.from({ length: SLOTS });

  /** The peer of the datagram that words[at, at + 16) describe. `bytes` are the words' own. */
  find(words: Int32Array, bytes: Uint8Array, at: number, family: 4 | 6): Peer {
    const w0 = words[at + UDP_SOURCE] as number;
    const w1 = words[at + UDP_SOURCE + 1] as number;
    const w2 = words[at + UDP_SOURCE + 2] as number;
    const w3 = words[at + UDP_SOURCE + 3] as number;
    const scope = words[at + UDP_SCOPE] as number;
    const mixed = Math.imul(w0 ^ w1 ^ w2 ^ w3 ^ scope, 0x9e3779b1);
    const slot = mixed >>> 24;
    const kept = this.#entries[slot];
    if (kept !== undefined && kept.scope === scope) {
      const { words: known } = kept;
      if (known[0] === w0 && known[1] === w1 && known[2] === w2 && known[3] === w3) return kept;
    }
    const from = 4 * (at + UDP_SOURCE);
    const isMapped = family === 6 && w0 === 0 && w1 === 0 && w2 === MAPPED;
    const text = isMapped ? `::ffff:${addressText(bytes, from + 12, 4)}` : addressText(bytes, from, family);
    const address = scope === 0 ? text : `${text}%${zoneOf(scope)}`;
    const entry: Entry = { address, memory: createPeerMemory(), isBelieved: undefined, words: [w0, w1, w2, w3], scope };
    this.#entries[slot] = entry;
    return entry;
  }
}

/** The interface's name, as node:dgram appends it; its number where it has gone. */
function zoneOf(scope: number): string {
  for (const [name, addresses] of Object.entries(networkInterfaces())) {
    if (addresses?.some(({ scopeid }) => scopeid === scope) === true) return name;
  }
  return String(scope);
}
