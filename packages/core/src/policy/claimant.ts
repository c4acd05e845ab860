import { FoundAddress } from "../address/found.ts";
import { readAddress } from "../address/reader.ts";
import { CONNECTION_METHOD_BITS, type ConnectionMethod } from "../evidence/method.ts";
import type { Connection } from "../evidence/evidence.ts";
import { ownerOf } from "../prefix/match.ts";
import type { Policy } from "./policy.ts";

const found = new FoundAddress();

/** Whether a rule of the policy names the connection's physical peer and reads claims of this method from it. What the rule demands besides (`with`) is not looked at. */
export function isClaimant(policy: Policy, { transport, peer }: Connection, method: ConnectionMethod): boolean {
  const rule = policy.rules[ruleIndex(policy, transport, peer)];
  return rule !== undefined && (rule.connection & CONNECTION_METHOD_BITS[method]) !== 0;
}

function ruleIndex(policy: Policy, transport: Connection["transport"], peer: string | undefined): number {
  if (transport === "unix") return policy.unixRule;
  if (transport === "unverified") return policy.unverifiedRule;
  if (peer === undefined || !readAddress(found, peer, 0, peer.length)) return 0;
  return ownerOf(policy.peers.match(found, peer));
}
