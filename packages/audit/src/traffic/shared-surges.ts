import { randomUUID } from "node:crypto";
import { anyText, milliseconds, type Shapes } from "@wherefrom/core/internal";
import { REDIS_CLIENT } from "../event/shapes.ts";
import { failureText } from "../sinks/failure-text.ts";
import type { RedisClient } from "../sinks/redis-client.ts";
import { SharedCounts, type SharedState } from "./shared-counts.ts";
import { type CountedSurge, STEP_MS, SurgeDetector, type SurgeDetectorOptions } from "./surge-detector.ts";
import { mergeParts, type SurgePart } from "./surge-part.ts";

/** Where replicas count their traffic together. */
export interface SharedSurgeOptions {
  /** node-redis' or ioredis', where replicas count together: `factor`, `leastPerSecond` and `baselinePerSecond` are then all replicas'. Let it fail fast. Default: each process counts by itself. */
  readonly redis?: RedisClient | undefined;
  /** What its keys begin with. They hold counts, and during a surge the heaviest sources. Default "wherefrom:". */
  readonly keyPrefix?: string | undefined;
  /** Milliseconds between two exchanges with Redis, each one command of each replica. Default 1000; a step at most. */
  readonly exchangeMs?: number | undefined;
  /** How long an exchange waits for Redis, in milliseconds. Default 1000. */
  readonly timeoutMs?: number | undefined;
}

export const SHARED_SHAPES: Shapes<SharedSurgeOptions> = {
  redis: REDIS_CLIENT,
  keyPrefix: anyText,
  exchangeMs: milliseconds(1),
  timeoutMs: milliseconds(1),
};

const EXCHANGE_MS = 1000;
const TIMEOUT_MS = 1000;
/** Exchanges after which the replica that tells of a surge has what the others saw of its beginning. */
const GATHER_EXCHANGES = 2;
/** A replica that tells of a surge and is silent for so many steps has ended: another one goes on. */
const SILENT_STEPS = 3;

/** What a watch of traffic is asked, and told. */
export interface SharedSurgeSite {
  /** This replica's view of now. */
  readonly part: () => SurgePart;
  /** A surge of all replicas that this one tells of. */
  readonly tell: (surge: CountedSurge, part: SurgePart) => void;
  /** A surge of all replicas has begun, whichever tells of it. */
  readonly begun: () => void;
  /** Redis does not answer, or answers again. */
  readonly trouble: (text: string) => void;
  readonly now: () => number;
}

/**
 * Surges of a service with many replicas: each adds its counts to those of all in Redis and judges the sum. One of them tells of a surge, with the sources that all have seen; where it ends, another
 * one does. While Redis is away nothing is judged here, and what is counted meanwhile is not brought there afterwards.
 */
export class SharedSurges {
  readonly #replica = randomUUID();
  readonly #counts: SharedCounts;
  readonly #detectorOptions: SurgeDetectorOptions;
  readonly #site: SharedSurgeSite;
  readonly #timer: NodeJS.Timeout;
  #requests = 0;
  #proven = 0;
  #detector: SurgeDetector | undefined;
  #seen: (Pick<SharedState, "requests" | "proven"> & { readonly time: number }) | undefined;
  /** The id of the surge for all replicas, and whether this one tells of it. */
  #id: string | undefined;
  #isTeller = false;
  /** A surge that has begun and is not told yet, and exchanges until it is. */
  #untold: { readonly surge: CountedSurge; exchanges: number } | undefined;
  #isShared = false;
  #isTroubled = false;
  #isBusy = false;
  #isClosed = false;

  constructor(
    redis: RedisClient,
    options: Omit<SharedSurgeOptions, "redis">,
    detectorOptions: SurgeDetectorOptions,
    site: SharedSurgeSite,
  ) {
    const { keyPrefix = "wherefrom:", exchangeMs = EXCHANGE_MS, timeoutMs = TIMEOUT_MS } = options;
    const { stepMs = STEP_MS } = detectorOptions;
    this.#counts = new SharedCounts(redis, keyPrefix, timeoutMs, SILENT_STEPS * Math.max(stepMs, EXCHANGE_MS));
    this.#detectorOptions = detectorOptions;
    this.#site = site;
    this.#timer = setInterval(() => void this.exchange(), Math.min(exchangeMs, stepMs)).unref();
  }

  /** Whether surges are those of all replicas now. */
  get isShared(): boolean {
    return this.#isShared;
  }

  get isSurge(): boolean {
    return this.#isShared && this.#detector?.isSurge === true;
  }

  /** Requests a second of all replicas that are usual; undefined until something is. */
  get baselinePerSecond(): number | undefined {
    return this.#detector?.baselinePerSecond;
  }

  count(isProven: boolean): void {
    this.#requests++;
    if (isProven) this.#proven++;
  }

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#timer);
  }

  /** One exchange; one that comes while another one runs is left out. Never rejects. */
  async exchange(): Promise<void> {
    if (this.#isBusy || this.#isClosed) return;
    this.#isBusy = true;
    try {
      await this.#exchange();
    } catch (error) {
      if (!this.#isClosed) this.#goAlone(failureText(error));
    } finally {
      this.#isBusy = false;
    }
  }

  async #exchange(): Promise<void> {
    // What was counted while Redis was away is not of this moment.
    const isNew = !this.#isShared;
    const [requests, proven] = isNew ? [0, 0] : [this.#requests, this.#proven];
    const on = this.#detector?.surge;
    const state = await this.#counts.exchange({
      requests,
      proven,
      usual: on !== undefined ? undefined : this.#detector?.baselinePerSecond,
      claim: this.#isTeller ? this.#claim : undefined,
      replica: this.#replica,
      part: on === undefined ? undefined : this.#site.part(),
    });
    if (this.#isClosed) return;
    this.#requests = isNew ? 0 : this.#requests - requests;
    this.#proven = isNew ? 0 : this.#proven - proven;
    await this.#judge(state, requests);
    this.#isShared = true;
    if (!this.#isTroubled) return;
    this.#isTroubled = false;
    this.#site.trouble("Redis answers again: surges are those of all replicas");
  }

  async #judge({ requests, proven, usual, surge }: SharedState, own: number): Promise<void> {
    const time = this.#site.now();
    const { baselinePerSecond = usual } = this.#detectorOptions;
    const detector = (this.#detector ??= new SurgeDetector({ ...this.#detectorOptions, baselinePerSecond }));
    const seen = this.#seen;
    this.#seen = { requests, proven, time };
    // The first exchange, or a Redis that has forgotten: what others counted before is not of this moment.
    if (seen === undefined || requests < seen.requests + own) return;
    const many = requests - seen.requests;
    const perSecond = Math.round(many / Math.max(1, (time - seen.time) / 1000));
    const change = detector.countMany(time, many, proven - seen.proven, perSecond);
    if (change?.change === "begun") await this.#begin(change);
    else if (change !== undefined) await this.#go(change);
    else if (detector.isSurge && !this.#isTeller && surge === "") await this.#hold(this.#id ?? randomUUID(), time);
    if (this.#untold !== undefined && --this.#untold.exchanges <= 0) await this.#tellBegin();
  }

  async #begin(surge: CountedSurge): Promise<void> {
    this.#site.begun();
    await this.#hold(surge.id, surge.start);
    if (this.#isTeller) this.#untold = { surge, exchanges: GATHER_EXCHANGES };
  }

  /** Claims the surge; where another replica tells of it, its id is the surge's. */
  async #hold(id: string, start: number): Promise<void> {
    const [held = id, replica] = (await this.#counts.claim(`${id} ${this.#replica}`, start)).split(" ");
    this.#isTeller = replica === this.#replica;
    this.#id = held;
  }

  async #go(surge: CountedSurge): Promise<void> {
    const isOver = surge.change !== "escalated";
    if (this.#isTeller) {
      await this.#tellBegin();
      await this.#tell(surge, isOver ? (surge.end ?? this.#site.now()) : undefined);
    }
    if (isOver) this.#leave();
  }

  async #tellBegin(): Promise<void> {
    const untold = this.#untold;
    this.#untold = undefined;
    if (untold !== undefined) await this.#tell(untold.surge);
  }

  async #tell(surge: CountedSurge, end?: number): Promise<void> {
    const parts = await this.#counts.gather(this.#claim, end);
    const part = parts.length === 0 ? this.#site.part() : mergeParts(parts);
    this.#site.tell({ ...surge, id: this.#id ?? surge.id }, part);
  }

  /** Redis is away: a surge that this replica tells of is told as over, and each replica goes on by itself. */
  #goAlone(failure: string): void {
    const over = this.#detector?.stop(this.#site.now());
    const [id, wasTeller] = [this.#id, this.#isTeller && this.#untold === undefined];
    this.#isShared = false;
    this.#seen = undefined;
    this.#untold = undefined;
    this.#leave();
    if (wasTeller && over !== undefined) this.#site.tell({ ...over, id: id ?? over.id }, this.#site.part());
    if (this.#isTroubled) return;
    this.#isTroubled = true;
    this.#site.trouble(`Redis does not answer (${failure}): surges are those of this process alone`);
  }

  #leave(): void {
    this.#isTeller = false;
    this.#id = undefined;
  }

  get #claim(): string {
    return `${this.#id} ${this.#replica}`;
  }
}
