import type { Bounds } from "./bounds.ts";

/** What one attempt to read a list has brought. */
export interface Reading {
  /** Prefixes as text, not yet judged; "unchanged" where they are those of the last attempt. */
  readonly prefixes: readonly string[] | "unchanged";
  /** After how long to read again, in milliseconds. */
  readonly againMs: number;
}

/** A list of prefixes that changes: where it comes from, and what may be in it. `followPolicy` reads it, judges what it reads, and keeps the last good one. */
export interface PrefixList {
  /** What texts call it: `file /etc/proxies.txt`. */
  readonly origin: string;
  readonly bounds: Bounds;
  /** Age without a good reading from which the list is stale, in milliseconds. */
  readonly staleMs: number;
  /** What becomes of a stale list: it is kept, or withdrawn where others may have its addresses by then. */
  readonly whenStale: "keep" | "withdraw";
  /** Whether the list is the container's gateway, which a rule may name with `originIsPrivate: true` alone. */
  readonly isGateway?: boolean;
  /** Reads the list. Rejects with what is wrong, in words for the operator. Ends early where `signal` says so. */
  read(signal: AbortSignal): Promise<Reading>;
  /** Calls `changed` when the list may have changed before its time; the answer ends it. */
  watch?(changed: () => void): () => void;
}
