import type { ConnectionClaim } from "../src/evidence/claim.ts";
import type { Connection, Headers } from "../src/evidence/evidence.ts";
import { compilePolicy } from "../src/policy/policy.ts";
import type { PolicyOptions } from "../src/policy/policy-options.ts";
import { resolve } from "../src/resolution/resolution.ts";
import type { Warning } from "../src/resolution/warning.ts";

/** The warnings of a request from 10.0.0.1. */
export function warningsOf(
  options: PolicyOptions,
  headers: Headers | undefined,
  more: Partial<Connection> = {},
): readonly Warning[] {
  const connection: Connection = { transport: "tcp", peer: "10.0.0.1", peerPort: 1, claims: [], ...more };
  return resolve({ connection, headers }, compilePolicy(options)).warnings;
}

export function proxyClaim(says: ConnectionClaim["says"], address?: string): ConnectionClaim {
  const endpoint = address === undefined ? undefined : { address, port: 1 };
  return { method: "proxy-protocol", format: "proxy-v1", raw: "PROXY TCP4", says, endpoint };
}
