import { existsSync } from "node:fs";
import { constants } from "node:os";
import type { SocketCalls } from "@wherefrom/native";

/**
 * Where kernel modules that rewrite peers show themselves: toa.ko of LVS, dpvs and most clouds, Alibaba CDN's, Baidu's, ip_vs_ca, and Alibaba's kernel, which has one built in.
 * Names are hints: a module may have any, and nothing is believed or doubted for one. (/sys/module/ttm is the memory manager of graphics drivers.) /proc/net/toa_stats would not
 * do: a Pod's network namespace does not have it, though the module answers there.
 */
const TRACES = [
  "/sys/module/toa",
  "/sys/module/tcp_toa",
  "/sys/module/bce_ttm",
  "/sys/module/ip_vs_ca",
  "/proc/sys/net/ipv4/slb_vtoa",
] as const;

/** How long an answer counts, in milliseconds. Modules come and go while we run; looking costs some microseconds. */
const PROBE_INTERVAL_MS = 1000;

/** Watches for TOA modules in the kernel: the traces that were found, with commas, or undefined. */
export class ToaModuleWatch {
  readonly #exists: (path: string) => boolean;
  #trace: string | undefined;
  #probedAt = Number.NEGATIVE_INFINITY;

  constructor(exists: (path: string) => boolean = existsSync) {
    this.#exists = exists;
  }

  /** `nowMs` is a monotonic clock's. */
  trace(nowMs: number = performance.now()): string | undefined {
    return nowMs - this.#probedAt < PROBE_INTERVAL_MS ? this.#trace : this.look(nowMs);
  }

  /** What there is at this moment. */
  look(nowMs: number = performance.now()): string | undefined {
    this.#probedAt = nowMs;
    this.#trace = TRACES.filter((path) => this.#exists(path)).join(", ") || undefined;
    return this.#trace;
  }
}

/** One kernel, one watch. */
export const toaModule: ToaModuleWatch = new ToaModuleWatch();

/** Whether the kernel has a module or program that answers look-ups of clients (getsockopt(IPPROTO_IP, 4096)), as it says of any socket: where there is none the option is unknown. */
export function answersLookups(sockopt: SocketCalls, fd: number): boolean {
  const { ENOPROTOOPT, EOPNOTSUPP } = constants.errno;
  return ![-ENOPROTOOPT, -EOPNOTSUPP].includes(sockopt.toaLookup(fd));
}
