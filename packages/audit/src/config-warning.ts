/**
 * What somebody should look at.
 * - `stale-ranges`: a vendor's list of addresses is old.
 * - `toa-unreadable`: the TCP options that a policy asks for cannot be read on this machine.
 * - `untrusted-header-flood`: one peer that no rule names sends address headers again and again: a proxy that is missing from the policy, or somebody who tries.
 * - `geo-database`: a geo database that was put in the place of another is not usable; the last good one stays in use.
 * - `login-state-local`: the state that replicas share cannot be asked, and each knows its own logins alone; or it can again.
 * - `audit-lost`: a sink could not take all of its events; this says how many are missing.
 */
export type ConfigWarningCode =
  | "stale-ranges"
  | "toa-unreadable"
  | "untrusted-header-flood"
  | "geo-database"
  | "login-state-local"
  | "audit-lost";

export interface ConfigWarning {
  readonly code: ConfigWarningCode;
  /** One or two sentences for people: what was seen, and what to type. */
  readonly detail: string;
  /** Whom it is about, where it is about one machine. It is in `detail`, too. */
  readonly peer?: string | undefined;
}
