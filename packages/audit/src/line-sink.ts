import type { Writable } from "node:stream";

/** Most bytes that wait for a sink. What comes then pushes out the oldest: a request must never wait for its audit, nor the process grow. */
export const QUEUE_LIMIT_BYTES: number = 16 * 1024 * 1024;
/** Lines that are handed over at once: enough to make a system call worth while, too few to hold the event loop. */
const BATCH_LINES = 512;
/** How long a sink that failed is left alone, in milliseconds. */
export const RETRY_MS = 1000;
/** How long a sink may take over one batch, in milliseconds, until it counts as failed. */
export const HANG_MS = 30_000;

export interface LineSinkOptions {
  /** Default `QUEUE_LIMIT_BYTES`. */
  readonly queueLimitBytes?: number | undefined;
  /** Default `RETRY_MS`. */
  readonly retryMs?: number | undefined;
  /** Default `HANG_MS`. */
  readonly hangMs?: number | undefined;
  /** Is told once when trouble begins, and once when it is over, with how many lines were lost. Default: a process warning. */
  readonly onTrouble?: ((trouble: string) => void) | undefined;
}

export interface SinkStatus {
  /** Lines that the sink has taken, and lines that were lost. */
  readonly written: number;
  readonly lost: number;
  readonly waitingBytes: number;
  /** Why nothing is written now, or undefined. */
  readonly trouble: string | undefined;
}

interface Line {
  readonly text: string;
  readonly bytes: number;
}

/**
 * A bounded queue of lines before any stream: a file, a socket, standard output. `open` makes the stream, and another one `retryMs` after it failed or hung; lines whose
 * fate is not known then are written again, because an audit has a line rather twice than never. Neither writing nor failing ever throws or waits.
 */
export class LineSink {
  readonly #name: string;
  readonly #open: () => Writable;
  readonly #options: LineSinkOptions;
  #stream: Writable | undefined;
  #queue: Line[] = [];
  #inFlight: readonly Line[] = [];
  #waitingBytes = 0;
  #written = 0;
  #lost = 0;
  #lostBefore = 0;
  #trouble: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;
  #atRest: (() => void)[] = [];

  /** Throws what `open` throws: a service that cannot write its audit should not start. */
  constructor(name: string, open: () => Writable, options: LineSinkOptions = {}) {
    this.#name = name;
    this.#open = open;
    this.#options = options;
    this.#stream = this.#opened();
  }

  get status(): SinkStatus {
    return { written: this.#written, lost: this.#lost, waitingBytes: this.#waitingBytes, trouble: this.#trouble };
  }

  /** Takes one line, without its end. */
  write(text: string): void {
    if (this.#isClosed) {
      this.#lost++;
      return;
    }
    const bytes = Buffer.byteLength(text) + 1;
    this.#queue.push({ text, bytes });
    this.#waitingBytes += bytes;
    this.#loseDownTo(this.#options.queueLimitBytes ?? QUEUE_LIMIT_BYTES);
    if (this.#queue.length === 1 && this.#inFlight.length === 0) setImmediate(() => this.#drain());
  }

  /** Resolves when all that waits is written, or when it cannot be. */
  flush(): Promise<void> {
    if ((this.#queue.length === 0 && this.#inFlight.length === 0) || this.#stream === undefined)
      return Promise.resolve();
    return new Promise((resolve) => {
      this.#atRest.push(resolve);
    });
  }

  /** Flushes and ends the stream; what comes later is lost, and counted. */
  async close(): Promise<void> {
    await this.flush();
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#loseDownTo(0);
    const stream = this.#stream;
    this.#stream = undefined;
    if (stream === undefined || stream === process.stdout || stream === process.stderr) return;
    await new Promise<void>((resolve) => {
      stream.end(() => resolve());
    });
  }

  #opened(): Writable {
    const stream = this.#open();
    stream.on("error", (error: Error) => this.#fail(stream, error));
    return stream;
  }

  #drain(): void {
    const stream = this.#stream;
    if (stream === undefined || this.#inFlight.length > 0) return;
    if (this.#queue.length === 0) {
      for (const resolve of this.#atRest.splice(0)) resolve();
      return;
    }
    const lines = this.#queue.splice(0, BATCH_LINES);
    this.#inFlight = lines;
    const { hangMs = HANG_MS } = this.#options;
    this.#timer = setTimeout(() => this.#fail(stream, new Error(`nothing was taken for ${hangMs} ms`)), hangMs).unref();
    stream.write(`${lines.map(({ text }) => text).join("\n")}\n`, (error) => {
      if (stream !== this.#stream || this.#inFlight !== lines) return;
      if (error !== null && error !== undefined) return this.#fail(stream, error);
      clearTimeout(this.#timer);
      this.#inFlight = [];
      this.#written += lines.length;
      for (const { bytes } of lines) this.#waitingBytes -= bytes;
      this.#recover();
      setImmediate(() => this.#drain());
    });
  }

  #fail(stream: Writable, error: Error): void {
    if (stream !== this.#stream) return;
    clearTimeout(this.#timer);
    this.#stream = undefined;
    stream.destroy();
    this.#queue = [...this.#inFlight, ...this.#queue];
    this.#inFlight = [];
    this.#suffer(error);
  }

  #suffer(error: Error): void {
    if (this.#trouble === undefined) {
      this.#lostBefore = this.#lost;
      this.#tell(`${this.#name}: ${error.message}; lines wait, and the oldest are lost`);
    }
    this.#trouble = error.message;
    for (const resolve of this.#atRest.splice(0)) resolve();
    if (!this.#isClosed) this.#timer = setTimeout(() => this.#tryAgain(), this.#options.retryMs ?? RETRY_MS).unref();
  }

  #tryAgain(): void {
    try {
      this.#stream = this.#opened();
      this.#drain();
    } catch (error) {
      this.#suffer(error as Error);
    }
  }

  #recover(): void {
    if (this.#trouble === undefined) return;
    this.#trouble = undefined;
    this.#tell(`${this.#name}: written again; ${this.#lost - this.#lostBefore} lines were lost`);
  }

  #loseDownTo(limitBytes: number): void {
    while (this.#waitingBytes > limitBytes) {
      const oldest = this.#queue.shift();
      if (oldest === undefined) return;
      this.#waitingBytes -= oldest.bytes;
      this.#lost++;
    }
  }

  #tell(trouble: string): void {
    if (this.#options.onTrouble !== undefined) this.#options.onTrouble(trouble);
    else process.emitWarning(trouble, { type: "WherefromWarning", code: "WHEREFROM_AUDIT_SINK" });
  }
}
