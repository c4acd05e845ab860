import type { ConnectionClaim } from "@wherefrom/core";
import { placeOf } from "@wherefrom/core/internal";
import { copyClaim, laterClaim, rememberedClaim } from "./claim-source.ts";
import { type FlowStatus, FlowTable } from "./flow-table.ts";
import { UOA_ASK_AGAIN_MS } from "./uoa-module.ts";

const NONE: readonly ConnectionClaim[] = [];

/**
 * A flow by its two ends; undefined without our own: the balancer may use one port towards two addresses of ours, so that nothing is known of the flow then.
 * `local` is as `localEndOf` and `boundEnd` write it.
 */
export function flowOf(peer: string, port: number, local: string | undefined): string | undefined {
  return local === undefined ? undefined : `${peer} ${port}${local}`;
}

/** What was said of flows, for their later datagrams. `now` are milliseconds of a clock that never goes back. */
export class FlowClaims {
  readonly #flows: FlowTable<ConnectionClaim>;

  constructor(limit: number | undefined, idleMs: number | undefined) {
    this.#flows = new FlowTable(limit, idleMs);
  }

  get status(): FlowStatus {
    return this.#flows.status;
  }

  /**
   * What is said now, which takes the place of what was said before, also where it says nothing clear; or else what was said before. Only what a believed balancer says is remembered.
   * What stands in a later payload is the balancer's or its client's: where it differs from what was said before, it counts for nothing.
   */
  remember(
    claims: readonly ConnectionClaim[],
    flow: string | undefined,
    isBelieved: boolean,
    now: number,
  ): readonly ConnectionClaim[] {
    if (flow === undefined) return claims;
    const [claim] = claims;
    const known = this.#flows.find(flow, now);
    if (claim === undefined) return known === undefined ? NONE : [rememberedClaim(known.value, now - known.told)];
    if (!isBelieved) return claims;
    const told =
      known === undefined || placeOf(claim.method, "udp") === "option" ? claim : laterClaim(known.value, claim);
    this.#flows.keep(flow, copyClaim(told), now);
    return told === claim ? claims : [told];
  }

  /** What was answered to a question about the flow within the last second, or is answered now. */
  ask(flow: string, now: number, question: () => ConnectionClaim | undefined): readonly ConnectionClaim[] {
    const known = this.#flows.find(flow, now);
    if (known !== undefined && now - known.told < UOA_ASK_AGAIN_MS)
      return [rememberedClaim(known.value, now - known.told)];
    const claim = question();
    if (claim === undefined) return NONE;
    this.#flows.keep(flow, claim, now);
    return [claim];
  }
}
