import { existsSync } from "node:fs";

/**
 * Where kernel modules that rewrite peers show themselves: toa.ko of LVS, dpvs and the clouds, Baidu's ttm.ko, and Alibaba's kernel, which has it
 * built in. /proc/net/toa_stats would not do: a Pod's network namespace does not have it, though the module answers there.
 */
const TRACES = ["/sys/module/toa", "/sys/module/ttm", "/proc/sys/net/ipv4/slb_vtoa"] as const;

/** How long an answer counts, in milliseconds. A module may be loaded while we run; looking costs some microseconds. */
const PROBE_INTERVAL_MS = 30_000;

/** Watches for a TOA module in the kernel: the trace that was found, or undefined. */
export class ToaModuleWatch {
  readonly #exists: (path: string) => boolean;
  #trace: string | undefined;
  #probedAt = Number.NEGATIVE_INFINITY;

  constructor(exists: (path: string) => boolean = existsSync) {
    this.#exists = exists;
  }

  /** `nowMs` is a monotonic clock's. */
  trace(nowMs: number = performance.now()): string | undefined {
    if (nowMs - this.#probedAt >= PROBE_INTERVAL_MS) {
      this.#probedAt = nowMs;
      this.#trace = TRACES.find((path) => this.#exists(path));
    }
    return this.#trace;
  }
}

/** One kernel, one watch. */
export const toaModule: ToaModuleWatch = new ToaModuleWatch();
