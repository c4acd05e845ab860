import type { OperatorNotice } from "@wherefrom/net";

/**
 * What the operator should look at. Every notice of @wherefrom/net is one too: docs/reference/warnings.md has them.
 * - `untrusted-header-flood`: one peer that no rule names sends address headers again and again: a proxy that is missing from the policy, or a client that tries to name itself.
 * - `geo-database`: a geo database that replaced another one is not usable; the last good one stays in use.
 * - `login-state-local`: the store that replicas share does not answer, and each replica knows its own logins alone; or it answers again.
 * - `traffic-state-local`: the store in which replicas count together does not answer, and each replica tells surges of its own requests alone; or it answers again.
 * - `audit-lost`: a sink could not take all of its events; the detail says how many are missing.
 * - `audit-file-replaced`: another program has removed or cut a file of `jsonLines`; the detail says what may be missing.
 */
export type ConfigWarningCode =
  | OperatorNotice["code"]
  | "untrusted-header-flood"
  | "geo-database"
  | "login-state-local"
  | "traffic-state-local"
  | "audit-lost"
  | "audit-file-replaced";

/** What was seen of the setting of the service. */
export interface ConfigWarning {
  /** A word of a closed set. */
  readonly code: ConfigWarningCode;
  /** One or two sentences for people: what was seen, and what to type. */
  readonly detail: string;
  /** Whom it is about, where it is about one machine. It is in `detail`, too. */
  readonly peer?: string | undefined;
}
