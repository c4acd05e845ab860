import type { RuleOptions } from "@wherefrom/core";
import type { Ports, Running } from "../platforms/product.ts";

/** A proxy that runs here, and the carrier by which it names its clients. */
export interface Sender {
  readonly name: string;
  /** The rule for its address, 127.0.0.1. */
  readonly rule: RuleOptions;
  /** Why it is not asked over IPv6. */
  readonly notOverIpv6?: string;
  readonly start: (ports: Ports) => Promise<Running>;
}

/** Where every sender stands. */
export const PROXY = "127.0.0.1";
