import { recognizeProbes } from "@wherefrom/net/internal";
import type { RequestLike } from "@wherefrom/net";
import type { Observer } from "../observer/observer.ts";
import type { ProbeGuard } from "./probe-guard.ts";

/** Whether the doctor answers probes now. Without an end it does until `end()`. */
export class Arming {
  readonly #guard: ProbeGuard;
  readonly #observer: Observer;
  readonly #now: () => number;
  #timer: NodeJS.Timeout | undefined;
  #forget: (() => void) | undefined;
  #until: number | undefined;

  constructor(guard: ProbeGuard, observer: Observer, now: () => number) {
    this.#guard = guard;
    this.#observer = observer;
    this.#now = now;
  }

  get isArmed(): boolean {
    return this.#forget !== undefined;
  }

  /** In milliseconds since 1970; undefined where it is silent, or has no end. */
  get until(): number | undefined {
    return this.#until;
  }

  /** From now on for `ms` milliseconds; undefined is for ever. An earlier end is replaced. */
  begin(ms: number | undefined): void {
    clearTimeout(this.#timer);
    this.#until = ms === undefined ? undefined : this.#now() + ms;
    this.#timer = ms === undefined ? undefined : setTimeout(() => this.end(), ms).unref();
    this.#observer.watch();
    this.#forget ??= recognizeProbes((request: RequestLike) => this.#guard.verify(request) !== undefined);
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#until = undefined;
    this.#observer.end();
    this.#forget?.();
    this.#forget = undefined;
  }
}
