import { parsePrefix, type PolicyOptions } from "@wherefrom/core";
import { isInside } from "../evidence/address.ts";
import { peersIn } from "./policy-shape.ts";

/** Shortest prefixes of a policy that a corrected one keeps, by family: a wider one is not what an operator's own proxies live in. */
const NARROW = { 4: 16, 6: 48 } as const;

/** The machines as the operator's own narrow prefixes name them, where they do: these know of machines that took no probe. Undefined where none is kept. */
export function keptPeers(
  present: PolicyOptions,
  machines: readonly string[],
  self: string,
): readonly string[] | undefined {
  const kept = peersIn(present).filter((peer) => {
    const prefix = parsePrefix(peer);
    return (
      prefix !== undefined &&
      prefix.length >= NARROW[prefix.family] &&
      !isInside([peer], self) &&
      machines.some((machine) => isInside([peer], machine))
    );
  });
  if (kept.length === 0) return undefined;
  return [...new Set([...kept, ...machines.filter((machine) => !isInside(kept, machine))])];
}
