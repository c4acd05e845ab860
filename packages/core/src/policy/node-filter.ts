import { CONNECTION_METHOD_BITS } from "../evidence/method.ts";
import { invalidPolicy } from "../options/errors.ts";
import { namedPrefixes } from "../prefix/named-ranges.ts";
import type { Rule, RuleOptions } from "./rule.ts";
import { formatPrefix, type Prefix, wordMask } from "../prefix/prefix.ts";
import { valueText } from "../options/value-text.ts";

/**
 * Behind a node's SNAT every TCP option comes from the node's address, the balancer's and a stranger's alike: a rule by which nodes say "toa" believes any host
 * that reaches a node, unless the nodes themselves remove the option from all but the balancer. Throws `ERR_WHEREFROM_INVALID_POLICY` where a rule names
 * machines of `infrastructure` so, and `nodesFilterToa` is not true. `rules` and `compiled` are the same rules.
 */
export function requireNodeFilter(
  rules: readonly RuleOptions[],
  compiled: readonly Rule[],
  infrastructure: readonly string[] | undefined,
  nodesFilterToa: boolean | undefined,
): void {
  if (nodesFilterToa !== undefined && typeof nodesFilterToa !== "boolean") {
    throw invalidPolicy(`nodesFilterToa is true or false, not ${valueText(nodesFilterToa)}`);
  }
  if (nodesFilterToa === true || infrastructure === undefined) return;
  const nodes = infrastructure.flatMap(namedPrefixes);
  rules.forEach(({ peers }, index) => {
    const { connection } = compiled[index] as Rule;
    if ((connection & CONNECTION_METHOD_BITS.toa) === 0) return;
    const both = peers.flatMap(namedPrefixes).find((peer) => nodes.some((node) => overlap(peer, node)));
    if (both === undefined) return;
    throw invalidPolicy(
      `${formatPrefix(both)} says "toa" and is infrastructure: behind a node's SNAT, options of any sender come from there. Configure the nodes to remove the option from all senders but the balancer, and write nodesFilterToa: true`,
    );
  });
}

/** Whether one covers the other: prefixes meet in no other way. */
function overlap(a: Prefix, b: Prefix): boolean {
  if (a.family !== b.family) return false;
  const length = Math.min(a.length, b.length);
  return a.words.every((word, index) => ((word ^ (b.words[index] as number)) & wordMask(length, index)) === 0);
}
