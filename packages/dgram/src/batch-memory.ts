import { UDP_BATCH, UDP_WORDS } from "./native-numbers.ts";

const WORDS_BYTES = UDP_BATCH * UDP_WORDS * Int32Array.BYTES_PER_ELEMENT;

/** Where the addon has received a batch, which stays there until the next one: of any socket of this thread. */
export class BatchMemory {
  readonly memory: ArrayBuffer;
  readonly data: Buffer;
  /** What is said of each datagram; native-numbers.ts says which word has what. */
  readonly words: Int32Array;
  /** Of `words`. */
  readonly bytes: Uint8Array;

  /** The one that was seen last. */
  static #last: BatchMemory | undefined;

  private constructor(memory: ArrayBuffer) {
    const dataBytes = memory.byteLength - WORDS_BYTES;
    this.memory = memory;
    this.data = Buffer.from(memory, 0, dataBytes);
    this.words = new Int32Array(memory, dataBytes);
    this.bytes = new Uint8Array(memory, dataBytes);
  }

  /** The addon returns the same memory each time, until the memory is transferred. */
  static over(memory: ArrayBuffer): BatchMemory {
    if (this.#last?.memory !== memory) this.#last = new BatchMemory(memory);
    return this.#last as BatchMemory;
  }
}
