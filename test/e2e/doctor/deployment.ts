import type { PolicyOptions } from "@wherefrom/core";
import type { ServiceOptions, Site } from "./site.ts";

export interface Running {
  readonly stop: () => Promise<void>;
}

/** A site with what stands in front of its service, and what the doctor must say of it. */
export interface Deployment {
  readonly name: string;
  readonly service: ServiceOptions;
  readonly start: (site: Site) => Promise<readonly Running[]>;
  /** Further arguments of the command. */
  readonly args?: (site: Site) => readonly string[];
  /** Default: http:// and the edge. */
  readonly url?: string;
  /** Default: the service's. */
  readonly token?: string;
  /** Codes that must be there; without one the deployment is healthy. */
  readonly says: readonly string[];
  /** Default: 1. */
  readonly exit?: 0 | 3;
  /** Whether a policy is suggested; "none" where only the edge can mend it. Default: of broken ones, "policy". */
  readonly mends?: "policy" | "none" | "until-found";
}

const XFF = "x-forwarded-for";

/** Believes these machines about X-Forwarded-For. */
export const xff = (...trust: readonly string[]): PolicyOptions => ({ trust, from: XFF });
