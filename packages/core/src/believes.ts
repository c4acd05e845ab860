import { readAddress } from "./address-reader.ts";
import { CONNECTION_METHOD_BITS } from "./carrier.ts";
import type { ConnectionMethod } from "./claim.ts";
import type { Connection } from "./evidence.ts";
import type { Policy } from "./policy.ts";

/** Whether a rule of the policy names the connection's physical peer, and reads claims of this kind from it. What the rule demands besides (`with`) is not looked at. */
export function believes(policy: Policy, { transport, peer }: Connection, method: ConnectionMethod): boolean {
  const rule = policy.rules[ruleIndex(policy, transport, peer)];
  return rule !== undefined && (rule.connection & CONNECTION_METHOD_BITS[method]) !== 0;
}

function ruleIndex(policy: Policy, transport: Connection["transport"], peer: string | undefined): number {
  if (transport === "unix") return policy.unixRule;
  if (transport === "unverified") return policy.unverifiedRule;
  if (peer === undefined || !readAddress(peer, 0, peer.length)) return 0;
  return policy.peers.ownerOfFound(peer) >>> 8;
}
