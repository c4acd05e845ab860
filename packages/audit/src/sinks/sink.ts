import { callback, checkOptions, checkValue, milliseconds, text } from "@wherefrom/core/internal";
import { warnProcess } from "@wherefrom/net/internal";
import { publish } from "../event/event.ts";
import type { AuditRecord } from "../event/record.ts";
import { formatEcsLine } from "../formats/ecs.ts";
import { failureText } from "./failure-text.ts";
import { type Lane, LANES } from "./lane.ts";
import { type LineBatch, LineQueue } from "./line-queue.ts";
import type { OpenOutlet, Outlet, Refused } from "./outlet.ts";
import {
  CLOSE_MS,
  HANG_MS,
  LINGER_MS,
  QUEUE_LIMIT_BYTES,
  RETRY_MS,
  SINK_SHAPES,
  type SinkOptions,
  type SinkStatus,
} from "./sink-options.ts";

/**
 * How long nothing is told of further lines that cannot be made or are refused, in milliseconds: one between others that are written would be told each time, and be over with the next one. That it is over is an
 * event, which becomes a line as well, and may be lost as those before it.
 */
const LOST_LINE_MS = 60_000;
/** Lines that are handed over at once: enough to make a system call or a request worth while, too few to hold the event loop. */
const BATCH_LINES = 512;
const LIMIT = milliseconds(0);
/** Trouble that is not the outlet's. */
const OVERFLOW = "more lines come than it takes";

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
  /** The first is written first, and lost last. */
  readonly #queues: readonly LineQueue[] = LANES.map((lane) => new LineQueue(lane));
  #outlet: Outlet | undefined;
  #inFlight: LineBatch | undefined;
  #delivery: AbortController | undefined;
  #written = 0;
  #lost = 0;
  /** `#lost` when the trouble began. */
  #lostBefore = 0;
  /** `#lost` when the last trouble was over. */
  #lostTold = 0;
  /** When it was last told that single lines are lost, on the clock of `performance.now()`. */
  #lostLineTold = -Infinity;
  #trouble: string | undefined;
  #linger: NodeJS.Timeout | undefined;
  #retry: NodeJS.Timeout | undefined;
  #isClosed = false;
  #atRest: (() => void)[] = [];

  /** Throws what `open` throws: a service that cannot write its audit should not start. */
  constructor(name: string, open: OpenOutlet, options: SinkOptions = {}) {
    checkValue("Sink: the name", name, text);
    checkValue("Sink: open", open, callback);
    checkOptions<SinkOptions>("Sink", options, SINK_SHAPES);
    this.name = name;
    this.format = options.format ?? formatEcsLine;
    this.#open = open;
    this.#options = options;
    this.#outlet = this.#opened();
  }

  get status(): SinkStatus {
    const waitingBytes = this.#waitingBytes + (this.#inFlight?.bytes.length ?? 0);
    return { written: this.#written, lost: this.#lost, waitingBytes, trouble: this.#trouble };
  }

  get #waitingBytes(): number {
    return this.#queues.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  get #waiting(): number {
    return this.#queues.reduce((sum, { length }) => sum + length, 0);
  }

  /** Takes one line, without its end. Alerts go before logins, and logins before requests; they are lost in the opposite order. */
  write(text: string, lane: Lane = "request"): void {
    if (this.#isClosed) {
      this.#lost++;
      return;
    }
    this.#queueOf(lane).push(text);
    if (this.#waitingBytes > (this.#options.queueLimitBytes ?? QUEUE_LIMIT_BYTES)) this.#overflow();
    if (this.#outlet === undefined || this.#inFlight !== undefined) return;
    if (this.#waiting === BATCH_LINES) setImmediate(() => this.#drain());
    else this.#linger ??= setTimeout(() => this.#drain(), this.#options.lingerMs ?? LINGER_MS);
  }

  /** Counts a line that could not even be made, and tells why. */
  lose(error: Error): void {
    this.#loseLines(1, `a line could not be made: ${error.message}`, "it is lost");
  }

  /** Resolves when all that waits is written, or when it cannot be. */
  flush(): Promise<void> {
    if (this.#outlet === undefined || (this.#waiting === 0 && this.#inFlight === undefined)) return Promise.resolve();
    return new Promise((resolve) => {
      this.#atRest.push(resolve);
      this.#drain();
    });
  }

  /** Writes what waits, for `limitMs` at most, and ends. What is left and what comes later is lost, and counted. */
  async close(limitMs: number = CLOSE_MS): Promise<void> {
    checkValue("close: the limit", limitMs, LIMIT);
    if (this.#isClosed) return;
    clearTimeout(this.#retry);
    if (this.#outlet === undefined) this.#tryAgain();
    await atMost(limitMs, this.flush());
    this.#isClosed = true;
    clearTimeout(this.#linger);
    clearTimeout(this.#retry);
    this.#delivery?.abort();
    const lost = this.#loseDownTo(0) + (this.#inFlight?.count ?? 0);
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
    const batch = this.#queues.find(({ length }) => length > 0)?.takeBatch(BATCH_LINES);
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
    if (this.#outlet?.givesBack === true) this.#queueOf(batch.lane).release(batch);
    this.#written += batch.count - (refused?.lines ?? 0);
    if (refused === undefined) this.#recover();
    else {
      this.#loseLines(refused.lines, `lines were refused: ${refused.reason}`, "they are lost");
    }
    // One at a time: others wait for the event loop, too.
    setImmediate(() => this.#drain());
  }

  #fail(outlet: Outlet, error: unknown): void {
    if (outlet !== this.#outlet || this.#isClosed) return;
    this.#outlet = undefined;
    this.#delivery?.abort();
    outlet.abandon?.();
    if (this.#inFlight !== undefined) this.#queueOf(this.#inFlight.lane).putBack(this.#inFlight);
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
    this.#lost += this.#loseDownTo(this.#options.queueLimitBytes ?? QUEUE_LIMIT_BYTES);
  }

  #loseDownTo(limitBytes: number): number {
    let lost = 0;
    for (const queue of this.#queues.toReversed()) {
      const rest = this.#waitingBytes - queue.bytes;
      lost += queue.loseDownTo(Math.max(0, limitBytes - rest));
    }
    return lost;
  }

  #queueOf(lane: Lane): LineQueue {
    return this.#queues[LANES.indexOf(lane)] as LineQueue;
  }

  /** Lines are lost although the sink takes others. What is not told now is among those that are told next. */
  #loseLines(count: number, trouble: string, consequence: string): void {
    this.#lost += count;
    const now = performance.now();
    if (this.#trouble === undefined) {
      if (now - this.#lostLineTold < LOST_LINE_MS) return;
      this.#lostLineTold = now;
      this.#lostBefore = this.#lostTold;
    }
    this.#begin(trouble, consequence);
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
    if (this.#trouble === undefined || this.#waitingBytes > limitBytes / 2) return;
    this.#trouble = undefined;
    const lost = this.#lost - this.#lostBefore;
    this.#lostTold = this.#lost;
    const detail = `written again; ${lost} lines were lost`;
    this.#tell(detail);
    if (lost === 0) return;
    const warning = { code: "audit-lost", detail: `${this.name}: ${detail}` } as const;
    publish({ name: "config.warning", time: new Date(), warning });
  }

  #tell(trouble: string): void {
    const text = `${this.name}: ${trouble}`;
    if (this.#options.onTrouble !== undefined) this.#options.onTrouble(text);
    else warnProcess(text, "WHEREFROM_AUDIT_SINK");
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
