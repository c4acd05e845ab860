import { invalidPolicy, peerMatcher } from "@wherefrom/core/internal";
import {
  type HopOptions,
  type Policy,
  type PolicyOptions,
  resolve,
  type RulesOptions,
  type TrustOptions,
} from "@wherefrom/core";

interface Believing {
  readonly peers: readonly string[];
  readonly originIsPrivate?: boolean | undefined;
}

/** Throws where the policy believes the container's gateway by a rule that does not say `originIsPrivate: true`: behind a userland proxy every client has the gateway's address. */
export function refuseBelievedGateway(gateways: readonly string[], options: PolicyOptions, policy: Policy): void {
  for (const prefix of gateways) {
    const address = prefix.replace(/\/.*$/, "");
    const connection = { transport: "tcp", peer: address, peerPort: undefined, claims: [] } as const;
    if (resolve({ connection }, policy).hops[0]?.verdict.trusted !== true) continue;
    const naming = rulesOf(options).filter(({ peers }) => peerMatcher(peers.filter(isAddress))(address));
    if (naming.every(({ originIsPrivate }) => originIsPrivate === true)) continue;
    throw invalidPolicy(
      `a rule believes ${address}, the gateway of this container, whose address every client has behind a userland proxy: name the gateway in "infrastructure", or write originIsPrivate: true in the rule where only your own proxy can reach the published port`,
    );
  }
}

function rulesOf(options: PolicyOptions): readonly Believing[] {
  // Of each form the options of the others are absent, which its type cannot say in one word.
  const { rules, peers, trust, originIsPrivate } = options as unknown as Partial<
    RulesOptions & HopOptions & TrustOptions
  >;
  return rules ?? [{ peers: peers ?? trust ?? [], ...(originIsPrivate !== undefined && { originIsPrivate }) }];
}

/** These words name peers without an address. */
function isAddress(peer: string): boolean {
  return peer !== "unix" && peer !== "unverified";
}
