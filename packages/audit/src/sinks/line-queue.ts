import type { Lane } from "./lane.ts";

/** Bytes of memory that lines are put into at a time: a batch is one piece of it. Half of what Kafka's brokers take at once, less what its messages have around them. */
const CHUNK_BYTES: number = 256 * 1024;
const NEWLINE = 0x0a;

/** Lines that are handed over at once, as the bytes that they are with their ends, or as texts without. */
export class LineBatch {
  readonly bytes: Buffer;
  /** Where each line ends in `bytes`, behind its newline. */
  readonly ends: readonly number[];
  /** What all of its lines are about. */
  readonly lane: Lane;

  constructor(bytes: Buffer, ends: readonly number[], lane: Lane) {
    this.bytes = bytes;
    this.ends = ends;
    this.lane = lane;
  }

  get count(): number {
    return this.ends.length;
  }

  /** Made when it is asked for. */
  get lines(): readonly string[] {
    return this.ends.map((end, index) => this.bytes.toString("utf8", this.ends[index - 1] ?? 0, end - 1));
  }
}

interface Chunk {
  readonly bytes: Buffer;
  readonly ends: number[];
  /** The oldest line that waits, and where it begins. */
  first: number;
  start: number;
  used: number;
  /** A sink may still read what was taken from it once: its memory is not written over. */
  isLent: boolean;
}

/**
 * Lines that wait, as bytes outside of the heap: as texts they would live just long enough for the garbage collector to carry them around. In and out without moving the
 * others.
 */
export class LineQueue {
  readonly lane: Lane;
  readonly #chunks: Chunk[] = [];
  /** Memory for the next chunk. A new piece each time would make the garbage collector stop the process, to have them back. */
  #spare: Buffer | undefined;
  #bytes = 0;
  #length = 0;

  constructor(lane: Lane) {
    this.lane = lane;
  }

  get length(): number {
    return this.#length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  push(text: string): void {
    const chunk = this.#chunkFor(text);
    const { used } = chunk;
    const end = used + chunk.bytes.write(text, used) + 1;
    chunk.bytes[end - 1] = NEWLINE;
    chunk.ends.push(end);
    chunk.used = end;
    this.#bytes += end - used;
    this.#length++;
  }

  /** Loses the oldest until there are no more bytes than `limitBytes`; answers how many were lost. */
  loseDownTo(limitBytes: number): number {
    const before = this.#length;
    while (this.#bytes > limitBytes && this.takeBatch(1) !== undefined);
    return before - this.#length;
  }

  /** The oldest, so many at most; undefined where there are none. */
  takeBatch(lineLimit: number): LineBatch | undefined {
    const chunk = this.#oldest();
    if (chunk === undefined) return undefined;
    const { start, first } = chunk;
    const ends = chunk.ends.slice(first, first + lineLimit);
    const end = ends.at(-1) ?? start;
    chunk.first += ends.length;
    chunk.start = end;
    this.#length -= ends.length;
    this.#bytes -= end - start;
    const relative = start === 0 ? ends : ends.map((each) => each - start);
    return new LineBatch(chunk.bytes.subarray(start, end), relative, this.lane);
  }

  /** A batch that was taken becomes the oldest again. The function that got it may have kept it. */
  putBack({ bytes, ends }: LineBatch): void {
    for (const chunk of this.#chunks) if (chunk.bytes.buffer === bytes.buffer) chunk.isLent = true;
    this.#chunks.unshift({ bytes, ends: [...ends], first: 0, start: 0, used: bytes.length, isLent: true });
    this.#bytes += bytes.length;
    this.#length += ends.length;
  }

  /** The batch that was taken last is done with, and its bytes are no longer read: where its chunk has been taken whole, other lines may take their place. */
  release({ bytes }: LineBatch): void {
    const [chunk] = this.#chunks;
    if (chunk === undefined || chunk.bytes.buffer !== bytes.buffer || chunk.isLent) return;
    if (chunk.first < chunk.ends.length || chunk.bytes.length !== CHUNK_BYTES) return;
    this.#chunks.shift();
    this.#spare = chunk.bytes;
  }

  #oldest(): Chunk | undefined {
    const [chunk] = this.#chunks;
    if (chunk === undefined || chunk.first < chunk.ends.length) return chunk;
    // The last one has room for more.
    if (this.#chunks.length === 1) return undefined;
    this.#chunks.shift();
    return this.#oldest();
  }

  /** The last one, where the text is sure to fit into it. */
  #chunkFor(text: string): Chunk {
    const last = this.#chunks.at(-1);
    // A UTF-16 unit is three bytes at most.
    if (last !== undefined && last.bytes.length - last.used > text.length * 3) return last;
    const needed = Buffer.byteLength(text) + 1;
    if (last !== undefined && last.bytes.length - last.used >= needed) return last;
    const chunk = { bytes: this.#memory(needed), ends: [], first: 0, start: 0, used: 0, isLent: false };
    this.#chunks.push(chunk);
    return chunk;
  }

  #memory(needed: number): Buffer {
    if (needed > CHUNK_BYTES) return Buffer.allocUnsafeSlow(needed);
    const bytes = this.#spare ?? Buffer.allocUnsafeSlow(CHUNK_BYTES);
    this.#spare = undefined;
    return bytes;
  }
}
