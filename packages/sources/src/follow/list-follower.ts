import { type ListStatus, WherefromError } from "@wherefrom/core";
import { escapedText } from "@wherefrom/core/internal";
import { judgeList } from "../list/bounds.ts";
import { pause } from "../list/pause.ts";
import type { PrefixList } from "../list/prefix-list.ts";
import { inTurns } from "./turns.ts";

/** First and longest wait after a failure, in milliseconds; each is twice the one before, and none is longer than the list's own interval. */
const RETRY_MS = 500;
const RETRY_MOST_MS = 60_000;
/** Changes that come at once are read once, in milliseconds. */
const BURST_MS = 20;

/** What a follower tells. */
export interface FollowerEvents {
  /** Other prefixes are believed. */
  readonly changed: () => void;
  /** An attempt failed, and the one before did not; or it is right again (undefined). */
  readonly troubled: (detail: string | undefined) => void;
  /** The last good reading is older than the list's stated age. */
  readonly stale: (detail: string) => void;
}

/** Reads one list again and again, and knows its last good state. */
export class ListFollower {
  readonly list: PrefixList;
  /** What is believed now; undefined until a first reading was good. */
  prefixes: readonly string[] | undefined;
  readonly #events: FollowerEvents;
  readonly #signal: AbortSignal;
  #goodAt: number | undefined;
  #isStale = false;
  #refusal: string | undefined;
  #trouble: string | undefined;
  #failures = 0;
  #wake: AbortController | undefined;
  #staleTimer: NodeJS.Timeout | undefined;
  /** Whether its timers keep the process alive: until the first policy is in force. */
  isLasting = true;

  constructor(list: PrefixList, events: FollowerEvents, signal: AbortSignal) {
    this.list = list;
    this.#events = events;
    this.#signal = signal;
  }

  get status(): ListStatus {
    return {
      origin: this.list.origin,
      prefixes: this.prefixes?.length ?? 0,
      goodAt: this.#goodAt,
      isStale: this.#isStale,
      trouble: this.#trouble,
      failures: this.#failures,
    };
  }

  async follow(): Promise<void> {
    const signal = this.#signal;
    const unwatch = this.list.watch?.(() => this.#wake?.abort());
    signal.addEventListener("abort", () => {
      unwatch?.();
      clearTimeout(this.#staleTimer);
    });
    let retryMs = RETRY_MS;
    let mostMs = RETRY_MOST_MS;
    while (!signal.aborted) {
      this.#wake = new AbortController();
      const wake = AbortSignal.any([signal, this.#wake.signal]);
      let waitMs: number;
      try {
        waitMs = await this.#attempt();
        retryMs = RETRY_MS;
        mostMs = Math.min(waitMs, RETRY_MOST_MS);
      } catch (error) {
        if (signal.aborted) return;
        this.#fail(WherefromError.is(error) ? error.detail : error instanceof Error ? error.message : String(error));
        waitMs = Math.min(retryMs, mostMs);
        retryMs *= 2;
      }
      await pause(waitMs, wake, this.isLasting);
      // A change may be the first of several.
      if (wake.aborted && !signal.aborted) await pause(BURST_MS, signal, this.isLasting);
    }
  }

  async #attempt(): Promise<number> {
    const { prefixes, againMs } = await this.list.read(this.#signal);
    if (prefixes === "unchanged") {
      // What was refused is refused still.
      if (this.#refusal !== undefined) throw new Error(this.#refusal);
      this.#good();
      return againMs;
    }
    const judgement = await inTurns(judgeList(prefixes, this.list.bounds, this.prefixes?.length ?? 0), this.#signal);
    if ("refusal" in judgement) {
      this.#refusal = judgement.refusal;
      throw new Error(judgement.refusal);
    }
    this.#refusal = undefined;
    const isOther = !isSame(judgement.prefixes, this.prefixes);
    this.prefixes = judgement.prefixes;
    this.#good();
    if (isOther) this.#events.changed();
    return againMs;
  }

  #good(): void {
    this.#goodAt = Date.now();
    this.#isStale = false;
    clearTimeout(this.#staleTimer);
    this.#staleTimer = setTimeout(() => this.#goStale(), this.list.staleMs);
    this.#staleTimer.unref();
    if (this.#trouble === undefined) return;
    this.#trouble = undefined;
    this.#events.troubled(undefined);
  }

  #fail(reason: string): void {
    this.#failures++;
    const isNew = this.#trouble === undefined;
    this.#trouble = escapedText(reason);
    if (isNew) this.#events.troubled(this.#trouble);
  }

  #goStale(): void {
    this.#isStale = true;
    const { origin, staleMs, whenStale } = this.list;
    const isWithdrawn = whenStale === "withdraw" && (this.prefixes?.length ?? 0) > 0;
    const fate =
      whenStale === "withdraw"
        ? "its addresses are not believed any more"
        : "its last good prefixes are still believed";
    this.#events.stale(
      `${origin} was not read for ${staleMs / 1000} s${this.#trouble === undefined ? "" : ` (${this.#trouble})`}: ${fate}`,
    );
    if (!isWithdrawn) return;
    this.prefixes = [];
    this.#events.changed();
  }
}

function isSame(a: readonly string[], b: readonly string[] | undefined): boolean {
  if (b === undefined || a.length !== b.length) return false;
  const known = new Set(b);
  return a.every((prefix) => known.has(prefix));
}
