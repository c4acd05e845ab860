import { compilePolicy, type PolicyOptions, resolve } from "@wherefrom/core";
import { evidenceOf } from "./evaluation.ts";
import type { Sighting } from "../evidence/sighting.ts";
import { withoutDemands } from "../candidates/policy-shape.ts";

/** What a policy makes of a probe that went round the proxy: the client, or without one the farthest machine that could be verified. */
export function evaluateDirect(sighting: Sighting, policy: PolicyOptions): string | undefined {
  const { client, nearest } = resolve(evidenceOf(sighting), compilePolicy(withoutDemands(policy)));
  return client?.address ?? nearest?.address;
}
