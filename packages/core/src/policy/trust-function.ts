import { FoundAddress } from "../address/found.ts";
import { readAddress } from "../address/reader.ts";
import { ownerOf } from "../prefix/match.ts";
import type { Policy } from "./policy.ts";
import { currentPolicy, type PolicySource } from "./source.ts";

const found = new FoundAddress();

/**
 * For a framework's own trust setting (proxy-addr's `trust(address, distance)`): true for machines that say X-Forwarded-For and nothing else.
 * False for everything under any other carrier, because frameworks read X-Forwarded-For whatever the policy says; then they answer the socket's
 * peer, which is safe. A rule's `with` cannot be checked from an address alone, so such machines are false as well.
 * An application has one such setting: given several policies, it is true for machines of which all of them say so, and of a source the policy of the moment in which it is asked.
 */
export function trustFunction(
  ...policies: readonly (Policy | PolicySource)[]
): (address: string, distance: number) => boolean {
  return (address, distance) =>
    policies.length > 0 && policies.every((policy) => writesForwardedFor(currentPolicy(policy), address, distance));
}

function writesForwardedFor(policy: Policy, address: string, distance: number): boolean {
  if (typeof address !== "string" || !readAddress(found, address, 0, address.length)) return false;
  const rule = policy.rules[ownerOf(policy.peers.match(found, address))];
  if (rule === undefined || rule.connection !== 0 || rule.demand !== undefined || rule.agreeing.length > 0)
    return false;
  if (policy.hops > 0 && distance >= policy.hops) return false;
  const { carrier } = rule;
  return carrier?.header === "x-forwarded-for" && carrier.form === "list" && carrier.skip === 0;
}
