import { CONNECTION_METHOD_BITS } from "./carrier.ts";
import { WherefromError } from "./errors.ts";
import { NAMED_RANGES } from "./named-ranges.ts";
import type { Rule, RuleOptions } from "./policy.ts";
import { formatPrefix, type Prefix, readPrefix, wordMask } from "./prefix.ts";

/**
 * Behind a node's SNAT every TCP option comes from the node's address, the balancer's and a stranger's alike: a rule by which nodes say "toa" believes anybody
 * who reaches a node, unless the nodes themselves remove the option from all but the balancer. Throws `ERR_WHEREFROM_INVALID_POLICY` where a rule names
 * machines of `infrastructure` so, and nobody says that they do. `rules` and `compiled` are the same rules.
 */
export function requireNodeFilter(
  rules: readonly RuleOptions[],
  compiled: readonly Rule[],
  infrastructure: readonly string[] | undefined,
  nodesFilterToa: boolean | undefined,
): void {
  if (nodesFilterToa !== undefined && typeof nodesFilterToa !== "boolean") {
    throw invalid(`nodesFilterToa is true or false, not ${JSON.stringify(nodesFilterToa)}`);
  }
  if (nodesFilterToa === true || infrastructure === undefined) return;
  const nodes = infrastructure.flatMap(prefixesOf);
  rules.forEach(({ peers }, index) => {
    const { connection } = compiled[index] as Rule;
    if ((connection & CONNECTION_METHOD_BITS.toa) === 0) return;
    const both = peers.flatMap(prefixesOf).find((peer) => nodes.some((node) => overlap(peer, node)));
    if (both === undefined) return;
    throw invalid(
      `${formatPrefix(both)} says "toa" and is infrastructure: behind a node's SNAT anybody's option comes from there. Let the nodes remove it from all but the balancer, and write nodesFilterToa: true`,
    );
  });
}

function prefixesOf(text: string): Prefix[] {
  const named = Object.hasOwn(NAMED_RANGES, text) ? NAMED_RANGES[text] : undefined;
  if (named !== undefined) return named.flatMap(prefixesOf);
  const prefix = readPrefix(text);
  return typeof prefix === "string" ? [] : [prefix];
}

/** Whether one covers the other: prefixes meet in no other way. */
function overlap(a: Prefix, b: Prefix): boolean {
  if (a.family !== b.family) return false;
  const length = Math.min(a.length, b.length);
  return a.words.every((word, index) => ((word ^ (b.words[index] as number)) & wordMask(length, index)) === 0);
}

function invalid(detail: string): WherefromError {
  return new WherefromError("ERR_WHEREFROM_INVALID_POLICY", detail);
}
