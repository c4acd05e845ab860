import type { LineBatch } from "./line-queue.ts";

/** What was delivered and will never be taken: trying again would end the same. */
export interface Refused {
  /** How many. */
  readonly lines: number;
  /** Why. */
  readonly reason: string;
}

/** Where a sink's lines go. */
export interface Outlet {
  /** Resolves when the lines are taken, but for those that are refused; rejects when they were not, or when it is unknown. `signal` says that it has taken too long. */
  readonly deliver: (batch: LineBatch, signal: AbortSignal) => Promise<Refused | undefined>;
  /** True: the outlet does not read a batch's bytes after its delivery has resolved, and other lines may be put there. Default: they are left alone. */
  readonly givesBack?: boolean | undefined;
  /** After the last delivery. */
  readonly close?: (() => Promise<void>) | undefined;
  /** After one that failed. */
  readonly abandon?: (() => void) | undefined;
}

/** Makes an outlet; `fail` tells the sink of trouble that comes between deliveries. */
export type OpenOutlet = (fail: (error: Error) => void) => Outlet;
