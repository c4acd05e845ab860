import type { FoundAddress } from "../address/found.ts";
import { formatWords } from "../address/text.ts";
import type { Rule } from "../policy/rule.ts";
import { wordMask } from "../prefix/prefix.ts";

/** Which rule named the address in `found`: the rule's name, if it has one, and the prefix that matched, rebuilt from the address and its length. */
export function foundRuleLabel(found: FoundAddress, rule: Rule, length: number): string {
  const mask = (word: number, index: number): number => word & wordMask(length, index);
  const prefix = `${formatWords(found.family, mask(found.w0, 0), mask(found.w1, 1), mask(found.w2, 2), mask(found.w3, 3))}/${length}`;
  return nameRule(rule, prefix);
}

/** `name what`, or `what` alone for a rule without a name. */
export function nameRule(rule: Rule, what: string): string {
  return rule.name === "" ? what : `${rule.name} ${what}`;
}
