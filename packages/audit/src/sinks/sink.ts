import { publish } from "../audit-event.ts";
import type { AuditRecord } from "../audit-record.ts";
import { formatEcsLine } from "../ecs-line.ts";
import { failureText } from "./failure-text.ts";
import { type LineBatch, LineQueue } from "./line-queue.ts";

/** Most bytes that wait for a sink. What comes then pushes out the oldest: a request must never wait for its audit, nor the process grow. */
export const QUEUE_LIMIT_BYTES: number = 16 * 1024 * 1024;
/** Lines that are handed over at once: enough to make a system call or a request worth while, too few to hold the event loop. */
const BATCH_LINES = 512;
/** How long a line may wait for others, in milliseconds, so that one call takes them all. */
export const LINGER_MS = 50;
/** How long a sink that failed is left alone, in milliseconds. */
export const RETRY_MS = 1000;
/** How long a sink may take over one batch, in milliseconds, until it counts as failed. */
export const HANG_MS = 30_000;
/** How long `close` waits for what is still to be written, in milliseconds: half of the ten seconds that service managers leave a process at least. */
export const CLOSE_MS = 5000;

export interface SinkOptions {
  /** Default `QUEUE_LIMIT_BYTES`. */
  readonly queueLimitBytes?: number | undefined;
  /** Default `LINGER_MS`. */
  readonly lingerMs?: number | undefined;
  /** Default `RETRY_MS`. */
  readonly retryMs?: number | undefined;
  /** Default `HANG_MS`. */
  readonly hangMs?: number | undefined;
  /** Is told once when trouble begins, and once when it is over, with how many lines were lost. Default: a process warning. */
  readonly onTrouble?: ((trouble: string) => void) | undefined;
  /** Makes one line of a record. Default: the sink's own, which is `formatEcsLine` where nothing else is said. */
  readonly format?: ((record: AuditRecord) => string) | undefined;
}

export interface SinkStatus {
  /** Lines that the sink has taken, and lines that were lost. */
  readonly written: number;
  readonly lost: number;
  /** Of lines that were not taken yet, or nobody knows. */
  readonly waitingBytes: number;
  /** Why nothing is written now, or lines are lost; or undefined. */
  readonly trouble: string | undefined;
}

/** What was delivered and will never be taken: trying again would end the same. */
export interface Refused {
  readonly lines: number;
  readonly reason: string;
}

/** Where a sink's lines go. */
export interface Outlet {
  /** Resolves when the lines are taken, but for those that are refused; rejects when they were not, or nobody knows. `signal` says that it has taken too long. */
  readonly deliver: (batch: LineBatch, signal: AbortSignal) => Promise<Refused | undefined>;
  /** Says that nobody looks at a batch's bytes any more when its delivery has resolved: other lines are put there then. Default: they are left alone. */
  readonly givesBack?: boolean | undefined;
  /** After the last delivery. */
  readonly close?: (() => Promise<void>) | undefined;
  /** After one that failed. */
  readonly abandon?: (() => void) | undefined;
}

/** Trouble that is not the outlet's. */
const OVERFLOW = "more lines come than it takes";

/** Makes an outlet; `fail` tells the sink of trouble that comes between deliveries. */
export type OpenOutlet = (fail: (error: Error) => void) => Outlet;

/**
 * A bounded queue of lines before anything that takes them: every sink is one. What fails or hangs is opened again after `retryMs`; lines whose fate is not known then
 * are delivered again, because an audit has a line rather twice than never. Neither writing nor failing ever throws or waits. What was lost is counted, told when the
 * trouble is over, and published as `config.warning`, so that the gap is seen in the audit itself.
 */
export class Sink {
  readonly name: string;
  readonly format: (record: AuditRecord) => string;
  readonly #open: OpenOutlet;
  readonly #options: SinkOptions;
  readonly #queue = new LineQueue();
  #outlet: Outlet | undefined;
  #inFlight: LineBatch | undefined;
  #delivery: AbortController | undefined;
  #written = 0;
  #lost = 0;
  /** `#lost` when the trouble began. */
  #lostBefore = 0;
  #trouble: string | undefined;
  #linger: NodeJS.Timeout | undefined;
  #retry: NodeJS.Timeout | undefined;
  #isClosed = false;
  #atRest: (() => void)[] = [];

  /** Throws what `open` throws: a service that cannot write its audit should not start. */
  constructor(name: string, open: OpenOutlet, options: SinkOptions = {}) {
    this.name = name;
    this.format = options.format ?? formatEcsLine;
    this.#open = open;
    this.#options = options;
    this.#outlet = this.#opened();
  }

  get status(): SinkStatus {
    const waitingBytes = this.#queue.bytes + (this.#inFlight?.bytes.length ?? 0);
    return { written: this.#written, lost: this.#lost, waitingBytes, trouble: this.#trouble };
  }

  /** Takes one line, without its end. */
  write(text: string): void {
    if (this.#isClosed) {
      this.#lost++;
      return;
    }
    this.#queue.push(text);
    if (this.#queue.bytes > (this.#options.queueLimitBytes ?? QUEUE_LIMIT_BYTES)) this.#overflow();
    if (this.#outlet === undefined || this.#inFlight !== undefined) return;
    if (this.#queue.length === BATCH_LINES) setImmediate(() => this.#drain());
    else this.#linger ??= setTimeout(() => this.#drain(), this.#options.lingerMs ?? LINGER_MS);
  }

  /** Counts a line that could not even be made, and tells why. */
  lose(error: Error): void {
    this.#lost++;
    this.#lostBefore = this.#trouble === undefined ? this.#lost - 1 : this.#lostBefore;
    this.#begin(`a line could not be made: ${error.message}`, "it is lost");
  }

  /** Resolves when all that waits is written, or when it cannot be. */
  flush(): Promise<void> {
    if (this.#outlet === undefined || (this.#queue.length === 0 && this.#inFlight === undefined))
      return Promise.resolve();
    return new Promise((resolve) => {
      this.#atRest.push(resolve);
      this.#drain();
    });
  }

  /** Writes what waits, for `limitMs` at most, and ends. What is left and what comes later is lost, and counted. */
  async close(limitMs: number = CLOSE_MS): Promise<void> {
    if (this.#isClosed) return;
    clearTimeout(this.#retry);
    if (this.#outlet === undefined) this.#tryAgain();
    await atMost(limitMs, this.flush());
    this.#isClosed = true;
    clearTimeout(this.#linger);
    clearTimeout(this.#retry);
    this.#delivery?.abort();
    const lost = this.#queue.loseDownTo(0) + (this.#inFlight?.count ?? 0);
    this.#inFlight = undefined;
    this.#lost += lost;
    if (lost > 0) this.#tell(`closed; ${lost} lines were lost`);
    const outlet = this.#outlet;
    this.#outlet = undefined;
    await atMost(limitMs, outlet?.close?.() ?? Promise.resolve());
  }

  #opened(): Outlet {
    const outlet: Outlet = this.#open((error) => this.#fail(outlet, error));
    return outlet;
  }

  #drain(): void {
    clearTimeout(this.#linger);
    this.#linger = undefined;
    const outlet = this.#outlet;
    if (outlet === undefined || this.#inFlight !== undefined) return;
    const batch = this.#queue.takeBatch(BATCH_LINES);
    if (batch === undefined) {
      for (const resolve of this.#atRest.splice(0)) resolve();
      return;
    }
    this.#inFlight = batch;
    void this.#deliver(outlet, batch);
  }

  async #deliver(outlet: Outlet, batch: LineBatch): Promise<void> {
    const { hangMs = HANG_MS } = this.#options;
    const delivery = new AbortController();
    this.#delivery = delivery;
    const hung = setTimeout(() => this.#fail(outlet, new Error(`nothing was taken for ${hangMs} ms`)), hangMs).unref();
    try {
      const refused = await outlet.deliver(batch, delivery.signal);
      if (outlet === this.#outlet && this.#inFlight === batch) this.#succeed(batch, refused);
    } catch (error) {
      if (this.#inFlight === batch) this.#fail(outlet, error);
    } finally {
      clearTimeout(hung);
    }
  }

  #succeed(batch: LineBatch, refused: Refused | undefined): void {
    this.#inFlight = undefined;
    if (this.#outlet?.givesBack === true) this.#queue.release(batch);
    this.#written += batch.count - (refused?.lines ?? 0);
    if (refused === undefined) this.#recover();
    else {
      if (this.#trouble === undefined) this.#lostBefore = this.#lost;
      this.#lost += refused.lines;
      this.#begin(`lines were refused: ${refused.reason}`, "they are lost");
    }
    // One at a time: others wait for the event loop, too.
    setImmediate(() => this.#drain());
  }

  #fail(outlet: Outlet, error: unknown): void {
    if (outlet !== this.#outlet || this.#isClosed) return;
    this.#outlet = undefined;
    this.#delivery?.abort();
    outlet.abandon?.();
    if (this.#inFlight !== undefined) this.#queue.putBack(this.#inFlight);
    this.#inFlight = undefined;
    this.#suffer(error);
  }

  #suffer(error: unknown): void {
    if (this.#trouble === undefined) this.#lostBefore = this.#lost;
    this.#begin(failureText(error), "lines wait, and the oldest are lost");
    for (const resolve of this.#atRest.splice(0)) resolve();
    this.#retry = setTimeout(() => this.#tryAgain(), this.#options.retryMs ?? RETRY_MS).unref();
  }

  #tryAgain(): void {
    try {
      this.#outlet = this.#opened();
      this.#drain();
    } catch (error) {
      this.#suffer(error);
    }
  }

  /** More comes than the sink takes. */
  #overflow(): void {
    if (this.#trouble === undefined) {
      this.#lostBefore = this.#lost;
      this.#begin(OVERFLOW, "the oldest are lost");
    }
    this.#lost += this.#queue.loseDownTo(this.#options.queueLimitBytes ?? QUEUE_LIMIT_BYTES);
  }

  #begin(trouble: string, consequence: string): void {
    // Why it takes nothing is worth to be told even where it was slow before.
    const isNews = this.#trouble === undefined || (this.#trouble === OVERFLOW && trouble !== OVERFLOW);
    if (isNews) this.#tell(`${trouble}; ${consequence}`);
    this.#trouble = trouble;
  }

  #recover(): void {
    const limitBytes = this.#options.queueLimitBytes ?? QUEUE_LIMIT_BYTES;
    // With a queue that is still full it is not over.
    if (this.#trouble === undefined || this.#queue.bytes > limitBytes / 2) return;
    this.#trouble = undefined;
    const lost = this.#lost - this.#lostBefore;
    const detail = `written again; ${lost} lines were lost`;
    this.#tell(detail);
    if (lost === 0) return;
    const warning = { code: "audit-lost", detail: `${this.name}: ${detail}` } as const;
    publish({ name: "config.warning", time: new Date(), warning });
  }

  #tell(trouble: string): void {
    const text = `${this.name}: ${trouble}`;
    if (this.#options.onTrouble !== undefined) this.#options.onTrouble(text);
    else process.emitWarning(text, { type: "WherefromWarning", code: "WHEREFROM_AUDIT_SINK" });
  }
}

async function atMost(limitMs: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, limitMs);
  });
  await Promise.race([work, limit]);
  clearTimeout(timer);
}
