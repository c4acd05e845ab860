import { formatEndpoint, type Policy, WherefromError } from "@wherefrom/core";
import { connectionOf } from "./connection-of.ts";
import { tellOperator } from "./notice.ts";
import { isRequest, type Source } from "./source.ts";

/** Says what was asked about, and what to type. */
export function noPolicy(asked: string, source: Source): WherefromError {
  const noun = isRequest(source) ? "request" : "socket";
  const { transport, peer, peerPort } = connectionOf(isRequest(source) ? source.socket : source);
  const from =
    peer === undefined ? `without an address (${transport})` : formatEndpoint({ address: peer, port: peerPort });
  return new WherefromError(
    "ERR_WHEREFROM_NO_POLICY",
    `${asked}(${noun}) was called for a ${noun} from ${from} that no policy covers: type ${asked}(${noun}, policy), or wherefrom(server, policy) where the server is made`,
  );
}

/** Throws `ERR_WHEREFROM_NO_POLICY` unless `policy` is a compiled one: options that nobody compiled were checked by nobody. */
export function requirePolicy(asked: string, policy: Policy): Policy {
  if (Array.isArray((policy as Partial<Policy> | undefined)?.walkedHeaders)) return announced(policy);
  throw new WherefromError(
    "ERR_WHEREFROM_NO_POLICY",
    `${asked} needs a policy, and was given ${describe(policy)}: type compilePolicy({ trust: [...], from: "x-forwarded-for" })`,
  );
}

const known = new WeakSet<Policy>();

/** Says once what the policy has to say at start-up, as a process warning with its code. */
function announced(policy: Policy): Policy {
  if (known.has(policy)) return policy;
  known.add(policy);
  for (const notice of policy.notices) tellOperator(notice, notice.code);
  return policy;
}

function describe(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  return typeof value === "object" ? "options that were not compiled" : `a ${typeof value}`;
}
