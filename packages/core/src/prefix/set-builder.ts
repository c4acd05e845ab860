import { matchOf } from "./match.ts";
import { type Prefix, wordMask } from "./prefix.ts";
import { PrefixSet, type PrefixTable } from "./set.ts";

/** Rows from which the jump table (256 KiB) is built: below, four comparisons are as quick. */
const JUMP_FROM_ROWS = 16;

interface Entry {
  readonly prefix: Prefix;
  readonly owner: number;
}

/** Collects prefixes of many owners and builds the table for longest-prefix match. Zones are the caller's business. */
export class PrefixSetBuilder {
  readonly #v4: Entry[] = [];
  readonly #v6: Entry[] = [];

  /** `owner` is 1 to `OWNER_LIMIT`. */
  add(prefix: Prefix, owner: number): void {
    (prefix.family === 4 ? this.#v4 : this.#v6).push({ prefix, owner });
  }

  /** One prefix twice with one owner is one row; with two owners neither is the longer match, and `ambiguous` is called (it throws). Without it the first stands. */
  build(ambiguous?: (prefix: Prefix) => never): PrefixSet {
    return new PrefixSet(buildTable(this.#v4, 1, ambiguous), buildTable(this.#v6, 4, ambiguous));
  }
}

function buildTable(entries: Entry[], width: 1 | 4, ambiguous?: (prefix: Prefix) => never): PrefixTable {
  entries.sort((a, b) => compareWords(a.prefix.words, b.prefix.words) || a.prefix.length - b.prefix.length);
  const starts = new Uint32Array(entries.length * width);
  const ends = new Uint32Array(entries.length * width);
  const parents = new Int32Array(entries.length);
  const matches = new Uint32Array(entries.length);
  let count = 0;
  let last: Entry | undefined;
  for (const entry of entries) {
    const { words, length } = entry.prefix;
    if (last !== undefined && last.prefix.length === length && compareWords(last.prefix.words, words) === 0) {
      if (last.owner !== entry.owner) ambiguous?.(entry.prefix);
      continue;
    }
    for (let index = 0; index < width; index++) {
      starts[count * width + index] = words[index] as number;
      ends[count * width + index] = (words[index] as number) | ~wordMask(length, index);
    }
    let parent = count - 1;
    while (parent >= 0 && isBefore(ends, parent * width, starts, count * width, width))
      parent = parents[parent] as number;
    parents[count] = parent;
    matches[count] = matchOf(entry.owner, length);
    last = entry;
    count++;
  }
  return {
    count,
    starts: starts.slice(0, count * width),
    ends: ends.slice(0, count * width),
    parents: parents.slice(0, count),
    matches: matches.slice(0, count),
    jump: count < JUMP_FROM_ROWS ? undefined : buildJump(starts, count, width),
  };
}

/** Rows are sorted by first address, so the rows of each 16-bit beginning are neighbours. */
function buildJump(starts: Uint32Array, count: number, width: number): Uint32Array {
  const jump = new Uint32Array(0x1_0001);
  let row = 0;
  for (let beginning = 0; beginning <= 0x1_0000; beginning++) {
    while (row < count && (starts[row * width] as number) >>> 16 < beginning) row++;
    jump[beginning] = row;
  }
  return jump;
}

function compareWords(a: readonly number[], b: readonly number[]): number {
  for (let index = 0; index < 4; index++) {
    const difference = (a[index] as number) - (b[index] as number);
    if (difference !== 0) return difference;
  }
  return 0;
}

function isBefore(a: Uint32Array, atA: number, b: Uint32Array, atB: number, width: number): boolean {
  for (let index = 0; index < width; index++) {
    const left = a[atA + index] as number;
    const right = b[atB + index] as number;
    if (left !== right) return left < right;
  }
  return false;
}
