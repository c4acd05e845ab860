/** One key of a summary. Its true count is from `count - error` to `count`, and what of it was proven at least `proven`. */
export interface Hitter {
  readonly key: string;
  readonly count: number;
  /** What it may have been given of another key's count. */
  readonly error: number;
  readonly proven: number;
}

/**
 * The most frequent keys of a stream in the memory of `capacity` of them: the Space-Saving summary of Metwally, Agrawal and El Abbadi (2005). Of N keys counted, each that came more than
 * N / capacity times is in it, and no count is too high by more than that. Kept as a heap with the rarest key on top, which a new key takes the place and the count of.
 */
export class HeavyHitters {
  readonly #capacity: number;
  readonly #slots = new Map<string, number>();
  readonly #keys: string[] = [];
  readonly #counts: Float64Array;
  readonly #errors: Float64Array;
  readonly #proven: Float64Array;
  /** Slots in the order of the heap, and where in it each slot is. */
  readonly #heap: Int32Array;
  readonly #places: Int32Array;
  #total = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#counts = new Float64Array(capacity);
    this.#errors = new Float64Array(capacity);
    this.#proven = new Float64Array(capacity);
    this.#heap = new Int32Array(capacity);
    this.#places = new Int32Array(capacity);
  }

  /** Keys that were counted, with repetitions. */
  get total(): number {
    return this.#total;
  }

  /** How often a key that is not listed may have come at most. */
  get floor(): number {
    return this.#keys.length < this.#capacity ? 0 : (this.#counts[this.#heap[0] as number] as number);
  }

  add(key: string, isProven: boolean, times = 1): void {
    this.#total += times;
    let slot = this.#slots.get(key);
    if (slot === undefined) slot = this.#enter(ownText(key));
    (this.#counts[slot] as number) += times;
    if (isProven) (this.#proven[slot] as number) += times;
    this.#sink(this.#places[slot] as number);
  }

  /** In no order. */
  entries(): readonly Hitter[] {
    return this.#keys.map((key, slot) => ({
      key,
      count: this.#counts[slot] as number,
      error: this.#errors[slot] as number,
      proven: this.#proven[slot] as number,
    }));
  }

  /** A slot for a new key: a free one, or the rarest key's with its count. */
  #enter(key: string): number {
    const size = this.#keys.length;
    if (size < this.#capacity) {
      this.#keys.push(key);
      this.#slots.set(key, size);
      this.#heap[size] = size;
      this.#places[size] = size;
      // It has come no time yet, and so belongs on top.
      this.#rise(size);
      return size;
    }
    const slot = this.#heap[0] as number;
    this.#slots.delete(this.#keys[slot] as string);
    this.#slots.set(key, slot);
    this.#keys[slot] = key;
    this.#errors[slot] = this.#counts[slot] as number;
    this.#proven[slot] = 0;
    return slot;
  }

  #sink(from: number): void {
    const heap = this.#heap;
    const size = this.#keys.length;
    let place = from;
    for (;;) {
      const left = 2 * place + 1;
      if (left >= size) return;
      const right = left + 1;
      const least = right < size && this.#countAt(right) < this.#countAt(left) ? right : left;
      if (this.#countAt(least) >= this.#countAt(place)) return;
      this.#swap(heap, place, least);
      place = least;
    }
  }

  #rise(from: number): void {
    let place = from;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (this.#countAt(parent) <= this.#countAt(place)) return;
      this.#swap(this.#heap, place, parent);
      place = parent;
    }
  }

  #countAt(place: number): number {
    return this.#counts[this.#heap[place] as number] as number;
  }

  #swap(heap: Int32Array, one: number, other: number): void {
    const [first, second] = [heap[one] as number, heap[other] as number];
    heap[one] = second;
    heap[other] = first;
    this.#places[second] = one;
    this.#places[first] = other;
  }
}

/**
 * Summaries of the parts of a stream as one of the whole, the most frequent first. A key that a full part does not list may have come there as often as the rarest that it does: that is
 * added to its count and to its error.
 */
export function mergeHitters(parts: readonly HeavyHitters[]): readonly Hitter[] {
  const whole = parts.reduce((sum, { floor }) => sum + floor, 0);
  const merged = new Map<string, { key: string; count: number; error: number; proven: number }>();
  for (const part of parts) {
    const { floor } = part;
    for (const { key, count, error, proven } of part.entries()) {
      const sum = merged.get(key) ?? { key, count: whole, error: whole, proven: 0 };
      sum.count += count - floor;
      sum.error += error - floor;
      sum.proven += proven;
      merged.set(key, sum);
    }
  }
  return [...merged.values()].toSorted((a, b) => b.count - b.error - (a.count - a.error) || (a.key < b.key ? -1 : 1));
}

/** Longest key, in characters: what is longer is counted by its beginning. */
const KEY_LIMIT = 256;

/** A copy: a piece of a request's text would keep the whole of it in memory. */
function ownText(key: string): string {
  return Buffer.from(key).toString();
}

export function keyText(text: string): string {
  return text.length <= KEY_LIMIT ? text : text.slice(0, KEY_LIMIT);
}
