import { expect } from "vitest";
import type { ConnectionClaim } from "../src/evidence/claim.ts";
import type { ConnectionMethod } from "../src/evidence/method.ts";
import type { Connection, Headers } from "../src/evidence/evidence.ts";
import { compilePolicy } from "../src/policy/policy.ts";
import type { PolicyOptions } from "../src/policy/policy-options.ts";
import { clientAddress, resolve, type Resolution } from "../src/resolution/resolution.ts";

/** The client of the tests' requests, and the address that it claims in its own headers. */
export const CLIENT = "203.0.113.7";
export const FORGED = "9.9.9.9";
export const trusted: PolicyOptions = { trust: ["10.0.0.0/8"], from: "x-forwarded-for" };

export function from(peer: string | undefined, more: Partial<Connection> = {}): Connection {
  return { transport: "tcp", peer, peerPort: 40_000, claims: [], ...more };
}

export function claimOf(
  method: ConnectionMethod,
  address: string,
  more: Partial<ConnectionClaim> = {},
): ConnectionClaim {
  return {
    method,
    format: method,
    raw: `${method} ${address}`,
    says: "address",
    endpoint: { address, port: 50_000 },
    ...more,
  };
}

/** The proof, held equal to the quick answer. */
export function ask(options: PolicyOptions, connection: Connection, headers?: Headers): Resolution {
  const policy = compilePolicy(options);
  const resolution = resolve({ connection, headers }, policy);
  expect(clientAddress(connection, headers, policy)).toBe(resolution.client?.address);
  expect(resolution.client).toBe(resolution.client && resolution.nearest);
  return resolution;
}

export const list = (text: string): Headers => ({ "x-forwarded-for": text });
