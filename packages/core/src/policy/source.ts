import type { Policy } from "./policy.ts";

/** What is known of one list of prefixes that a source follows. */
export interface ListStatus {
  /** Where it comes from, as texts call it: `file /etc/proxies.txt`. */
  readonly origin: string;
  /** How many prefixes are believed now. */
  readonly prefixes: number;
  /** When the list was read as it is, or was found unchanged, in milliseconds since 1970; undefined where that never was. */
  readonly goodAt: number | undefined;
  /** Whether `goodAt` is longer ago than the list's stated age. */
  readonly isStale: boolean;
  /** What was wrong at the last attempt; undefined where it was right. */
  readonly trouble: string | undefined;
  /** Attempts that failed, or brought a list that was refused, since the start. */
  readonly failures: number;
}

/** The state of a policy source, for metrics and health checks. */
export interface PolicySourceStatus {
  /** "starting" until the first policy is in force; "stale" while a list is older than its stated age; "closed" after `close()`, when the last policy stays in force. */
  readonly state: "starting" | "fresh" | "stale" | "closed";
  /** Policies that were put in the place of another one. */
  readonly swaps: number;
  /** By the names that the operator gave them. */
  readonly lists: Readonly<Record<string, ListStatus>>;
}

/**
 * A policy that changes while the service runs. Whatever takes a policy takes a source, and asks it for each request or datagram. `@wherefrom/sources` makes them;
 * another maker must tell 'change' in the call that changes `current`.
 */
export interface PolicySource {
  /** The policy in force. Throws `ERR_WHEREFROM_NO_POLICY` before `ready`. */
  readonly current: Policy;
  /** Fulfilled when the first policy is in force; rejected where there will be none. */
  readonly ready: Promise<void>;
  readonly status: PolicySourceStatus;
  on(event: "change", listener: (policy: Policy, before: Policy) => void): unknown;
  off(event: "change", listener: (policy: Policy, before: Policy) => void): unknown;
  /** Follows nothing any more. The last policy stays in force. */
  close(): void;
}

/** Whether `value` is a source, and no compiled policy; nothing of it is asked. */
export function isPolicySource(value: unknown): value is PolicySource {
  return (
    typeof value === "object" &&
    value !== null &&
    "current" in value &&
    typeof (value as PolicySource).on === "function" &&
    typeof (value as PolicySource).off === "function"
  );
}

/** The policy itself, or the one that a source has in force now. */
export function currentPolicy(policy: Policy | PolicySource): Policy {
  return isPolicySource(policy) ? policy.current : policy;
}
