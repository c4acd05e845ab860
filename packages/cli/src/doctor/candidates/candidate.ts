import type { PolicyOptions } from "@wherefrom/core";
import type { Vendor } from "../evidence/vendor.ts";

/** A policy that may be right. Only verification says whether it is. */
export interface Candidate {
  readonly policy: PolicyOptions;
  /** Why it was thought of, in a few words. */
  readonly why: string;
  /** Vendors whose published ranges stand in it. */
  readonly vendors: readonly Vendor[];
}
