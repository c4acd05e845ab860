import { createHash } from "node:crypto";

/** Hashes that are kept: so many members are counted exactly, more are estimated with a standard error of 1 / sqrt(254) = 6.3 % (Bar-Yossef et al. 2002, k minimum values). */
const KEPT = 256;
const RANGE = 2 ** 32;

/** Relative standard error of an estimate. */
export const DISTINCT_ERROR: number = 1 / Math.sqrt(KEPT - 2);

/** How many different members there were, in the memory of 256 hashes. */
export class Distinct {
  /** In ascending order. */
  readonly #hashes: number[];

  constructor(first: number) {
    this.#hashes = [first];
  }

  add(hash: number): void {
    const hashes = this.#hashes;
    const last = hashes[hashes.length - 1];
    if (hashes.length === KEPT && hash >= (last as number)) return;
    let [low, high] = [0, hashes.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((hashes[middle] as number) < hash) low = middle + 1;
      else high = middle;
    }
    if (hashes[low] === hash) return;
    hashes.splice(low, 0, hash);
    if (hashes.length > KEPT) hashes.pop();
  }

  get isExact(): boolean {
    return this.#hashes.length < KEPT;
  }

  get count(): number {
    if (this.isExact) return this.#hashes.length;
    return Math.round(((KEPT - 1) * RANGE) / (this.#hashes[KEPT - 1] as number));
  }
}

/** Longest name of a user that is kept as it is, in characters: a longer one, which only a client that guesses sends, is kept as its hash. */
const ID_LIMIT = 128;

export function userKey(id: unknown): string {
  // A caller without types may have none.
  const text = typeof id === "string" ? id : JSON.stringify(id ?? "");
  return text.length <= ID_LIMIT ? text : `sha256:${createHash("sha256").update(text).digest("base64url")}`;
}
