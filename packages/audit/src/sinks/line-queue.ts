interface Line {
  readonly text: string;
  readonly bytes: number;
}

/** Forgotten places at the front of the array from which it is made new: fewer are not worth the copy. */
const FORGOTTEN_LIMIT = 1024;

/** Lines that wait, and how many bytes they have; in and out without moving the others. */
export class LineQueue {
  #lines: Line[] = [];
  /** Where the oldest one is. */
  #first = 0;
  #bytes = 0;

  get length(): number {
    return this.#lines.length - this.#first;
  }

  get bytes(): number {
    return this.#bytes;
  }

  push(text: string): void {
    const bytes = Buffer.byteLength(text) + 1;
    this.#lines.push({ text, bytes });
    this.#bytes += bytes;
  }

  /** Loses the oldest until there are no more bytes than `limitBytes`; answers how many were lost. */
  loseDownTo(limitBytes: number): number {
    let lost = 0;
    while (this.#bytes > limitBytes && this.#take() !== undefined) lost++;
    return lost;
  }

  /** The oldest, at least one and at most so many and of so many bytes. */
  takeBatch(lineLimit: number, byteLimit: number): readonly string[] {
    const batch: string[] = [];
    const before = this.#bytes;
    while (batch.length < lineLimit && (batch.length === 0 || before - this.#bytes < byteLimit)) {
      const line = this.#take();
      if (line === undefined) break;
      batch.push(line.text);
    }
    return batch;
  }

  /** A batch that was taken becomes the oldest again. */
  putBack(batch: readonly string[]): void {
    const lines = batch.map((text) => ({ text, bytes: Buffer.byteLength(text) + 1 }));
    for (const { bytes } of lines) this.#bytes += bytes;
    this.#lines = [...lines, ...this.#lines.slice(this.#first)];
    this.#first = 0;
  }

  #take(): Line | undefined {
    const line = this.#lines[this.#first];
    if (line === undefined) return undefined;
    this.#first++;
    this.#bytes -= line.bytes;
    if (this.#first > FORGOTTEN_LIMIT && this.#first * 2 > this.#lines.length) {
      this.#lines = this.#lines.slice(this.#first);
      this.#first = 0;
    }
    return line;
  }
}
