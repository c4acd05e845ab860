/** 2^12 registers: 4 KiB, and a standard error of 1.04 / 64 = 1.6 % (Flajolet, Fusy, Gandouet, Meunier 2007). */
const INDEX_BITS = 12;
const REGISTERS = 1 << INDEX_BITS;
const BIAS = 0.7213 / (1 + 1.079 / REGISTERS);

/** Relative standard error of `Cardinality.estimate`. */
export const CARDINALITY_ERROR: number = 1.04 / Math.sqrt(REGISTERS);

/** How many different texts there were: HyperLogLog, with linear counting while they are few. Hashes have 32 bits, so that beyond a hundred million it counts too few. */
export class Cardinality {
  readonly #registers = new Uint8Array(REGISTERS);

  /** `hash` is that of `hashText`, of one seed for all that are merged. */
  add(hash: number): void {
    const index = hash >>> (32 - INDEX_BITS);
    const rank = Math.min(Math.clz32(hash << INDEX_BITS), 32 - INDEX_BITS) + 1;
    if (rank > (this.#registers[index] as number)) this.#registers[index] = rank;
  }

  merge(other: Cardinality): void {
    for (const [index, rank] of other.#registers.entries()) {
      if (rank > (this.#registers[index] as number)) this.#registers[index] = rank;
    }
  }

  estimate(): number {
    let sum = 0;
    let empty = 0;
    for (const rank of this.#registers) {
      sum += 2 ** -rank;
      if (rank === 0) empty++;
    }
    const raw = (BIAS * REGISTERS * REGISTERS) / sum;
    if (raw <= 2.5 * REGISTERS && empty > 0) return Math.round(REGISTERS * Math.log(REGISTERS / empty));
    const range = 2 ** 32;
    return Math.round(raw <= range / 30 ? raw : -range * Math.log(1 - Math.min(raw, range * 0.999) / range));
  }
}

/** FNV-1a of the text's UTF-16 units, from a secret seed, and the last steps of MurmurHash3: who does not know the seed cannot choose texts that look like one. */
export function hashText(text: string, seed: number): number {
  let hash = seed;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
