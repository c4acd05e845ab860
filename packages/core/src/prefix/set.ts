import { type Match, NO_MATCH } from "./match.ts";

/**
 * Longest-prefix match over integers. Prefixes are sorted by first address, then length, so that each prefix's parent (the next wider one
 * that covers it) stands before it. The last prefix that starts at or before an address either covers it, or one of its parents does, or nothing does.
 */
export interface PrefixTable {
  readonly count: number;
  /** First and last address of each prefix: one word each for IPv4, four for IPv6. */
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
  /** Row of the next wider prefix that covers this one, or -1. */
  readonly parents: Int32Array;
  /** What each row answers: a `Match` (as unsigned integers, which no typed array says). */
  readonly matches: Uint32Array;
  /** For each value of an address's first 16 bits, the first row that starts at or behind it; undefined for small tables. */
  readonly jump: Uint32Array | undefined;
}

/** Which owner's prefix covers an address. Owners are integers that the caller chose. */
export class PrefixSet {
  readonly v4: PrefixTable;
  readonly v6: PrefixTable;

  constructor(v4: PrefixTable, v6: PrefixTable) {
    this.v4 = v4;
    this.v6 = v6;
  }

  /** The longest prefix that covers the IPv4 address, or `NO_MATCH`. */
  find4(w0: number): Match {
    const { starts, ends, parents, matches, jump } = this.v4;
    const address = w0 >>> 0;
    let low = 0;
    let high = this.v4.count;
    if (jump !== undefined) {
      low = jump[address >>> 16] as number;
      high = jump[(address >>> 16) + 1] as number;
    }
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((starts[middle] as number) <= address) low = middle + 1;
      else high = middle;
    }
    for (let row = low - 1; row >= 0; row = parents[row] as number) {
      if ((ends[row] as number) >= address) return matches[row] as Match;
    }
    return NO_MATCH;
  }

  /** The longest prefix that covers the IPv6 address, or `NO_MATCH`. */
  find6(w0: number, w1: number, w2: number, w3: number): Match {
    const { starts, ends, parents, matches, jump } = this.v6;
    let low = 0;
    let high = this.v6.count;
    if (jump !== undefined) {
      low = jump[w0 >>> 16] as number;
      high = jump[(w0 >>> 16) + 1] as number;
    }
    // The first word decides nearly always.
    const word = w0 >>> 0;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const start = starts[middle << 2] as number;
      if (start < word || (start === word && compareRest(starts, middle << 2, w1, w2, w3) <= 0)) low = middle + 1;
      else high = middle;
    }
    for (let row = low - 1; row >= 0; row = parents[row] as number) {
      const end = ends[row << 2] as number;
      if (end > word || (end === word && compareRest(ends, row << 2, w1, w2, w3) >= 0)) return matches[row] as Match;
    }
    return NO_MATCH;
  }
}

/** Compares the second to fourth words in a row with those of an address. */
function compareRest(words: Uint32Array, at: number, w1: number, w2: number, w3: number): number {
  return (
    (words[at + 1] as number) - (w1 >>> 0) ||
    (words[at + 2] as number) - (w2 >>> 0) ||
    (words[at + 3] as number) - (w3 >>> 0)
  );
}
