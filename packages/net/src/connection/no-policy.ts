import { formatEndpoint, type Policy, WherefromError } from "@wherefrom/core";
import { isPolicySource } from "@wherefrom/core/internal";
import { connectionOf } from "./connection-of.ts";
import { tellOperator } from "./notice.ts";
import { followSource, type PolicyOrSource } from "./policy-at.ts";
import { socketOf } from "./session-sockets.ts";
import { isRequest, type Source } from "./source.ts";
import { shared } from "./shared.ts";

/** Says what was asked about, and what to type. */
export function noPolicy(asked: string, source: Source): WherefromError {
  const noun = isRequest(source) ? "request" : "socket";
  const { transport, peer, peerPort } = connectionOf(isRequest(source) ? socketOf(source) : source);
  const from =
    peer === undefined ? `a peer without an address (${transport})` : formatEndpoint({ address: peer, port: peerPort });
  return new WherefromError(
    "ERR_WHEREFROM_NO_POLICY",
    `${asked}(${noun}): no policy is configured for this ${noun} (from ${from}). Pass one: ${asked}(${noun}, policy), or wrap the server: wherefrom(server, policy)`,
  );
}

/**
 * The one door for policies, of every package: throws `ERR_WHEREFROM_NO_POLICY` unless `policy` is a compiled one, because options that were not compiled were not checked, or a source
 * that has one. Answers the policy in force, and says what it has to say at start-up, once.
 */
export function requirePolicy(
  asked: string,
  policy: PolicyOrSource,
  example: string = `compilePolicy({ trust: [...], from: "x-forwarded-for" })`,
): Policy {
  if (policy !== undefined && policy === latest) return latest;
  if (isPolicySource(policy)) {
    // It is asked first: a source that is not ready throws, and is not followed.
    const current = announced(policy.current);
    noteGiven(policy);
    followSource(policy);
    return current;
  }
  if (Array.isArray((policy as Partial<Policy> | null | undefined)?.walkedHeaders)) {
    noteGiven(policy);
    return announced(policy);
  }
  throw new WherefromError(
    "ERR_WHEREFROM_NO_POLICY",
    `${asked} needs a compiled policy, not ${describe(policy)}: write ${example}`,
  );
}

/** The first policy or source that was let in, while no other one was. */
const first = shared("policies.first", (): { only: PolicyOrSource | undefined; isOne: boolean } => ({
  only: undefined,
  isOne: true,
}));

/** The policy (or source) of this process, where it has one and no other: what a middleware that comes later will ask. */
export function onlyPolicy(): PolicyOrSource | undefined {
  return first.isOne ? first.only : undefined;
}

function noteGiven(given: PolicyOrSource): void {
  if (first.only === undefined) first.only = given;
  else if (first.only !== given) first.isOne = false;
}

const known = shared("policies", () => new WeakSet<Policy>());
/** The one that was let in last: who asks for every request with a policy of its own asks with the same one. */
let latest: Policy | undefined;

/** Says once what the policy has to say at start-up, as a process warning with its code. */
function announced(policy: Policy): Policy {
  latest = policy;
  if (known.has(policy)) return policy;
  known.add(policy);
  for (const notice of policy.notices) tellOperator(notice);
  return policy;
}

function describe(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  return typeof value === "object" ? "options that were not compiled" : `a ${typeof value}`;
}
