import { describe, expect, test } from "vitest";
import { parseAddress } from "../address/address.ts";
import type { ConnectionClaim } from "../evidence/claim.ts";
import { parseEndpoint } from "../address/endpoint.ts";
import type { Connection, Headers } from "../evidence/evidence.ts";
import { createPeerMemory } from "../evidence/peer-memory.ts";
import { compilePolicy } from "../policy/policy.ts";
import { clientAddress, resolve } from "../resolution/resolution.ts";
import { trustFunction } from "../policy/trust-function.ts";

const CLIENT = "203.0.113.7";
const FORGED = "6.6.6.6";
const policy = compilePolicy({ trust: ["10.0.0.0/8"], from: ["proxy-protocol", "x-forwarded-for"] });
const other = compilePolicy({ trust: ["192.0.2.0/24"], from: "forwarded" });
const direct = { transport: "tcp", peer: "10.0.0.1", peerPort: 1, claims: [] } as const;

/** What a getter may do while a walk waits for its answer. */
function interfere(): void {
  parseAddress("10.0.0.9");
  parseEndpoint("[2001:db8::1]:443");
  trustFunction(policy)("10.0.0.9", 0);
  const connection: Connection = { transport: "tcp", peer: "192.0.2.1", peerPort: 9, claims: [] };
  const headers = { forwarded: 'for=198.51.100.1, for="[2001:db8::9]:7", for=192.0.2.2' };
  expect(clientAddress(connection, headers, other)).toBe("2001:db8::9");
  expect(resolve({ connection, headers }, other).hops).toHaveLength(3);
}

describe("a walk that runs code of others, which asks for other clients meanwhile, answers as if it did not", () => {
  test("a claim that parses its endpoint when asked decides about that endpoint, and not about what was parsed last", () => {
    let asked = 0;
    const claim: ConnectionClaim = {
      method: "proxy-protocol",
      format: "proxy-v2",
      raw: "",
      says: "address",
      get endpoint() {
        asked++;
        const endpoint = parseEndpoint(`${CLIENT}:50000`);
        parseEndpoint("10.0.0.9:443");
        interfere();
        return endpoint;
      },
      get destination() {
        return parseEndpoint("10.0.0.9:443");
      },
    };
    const connection: Connection = { ...direct, claims: [claim] };
    const headers = { "x-forwarded-for": FORGED };
    expect(clientAddress(connection, headers, policy)).toBe(CLIENT);
    expect(asked).toBe(1);
    const { client, hops, stop } = resolve({ connection, headers }, policy);
    expect([client, stop]).toEqual([{ address: CLIENT, port: 50_000 }, "untrusted-hop"]);
    expect(hops[1]).toMatchObject({ endpoint: { address: CLIENT, port: 50_000 }, verdict: { reason: "no-rule" } });
  });

  test("what a claim says is read once: one that changes its mind is taken at its first word", () => {
    let words = 0;
    const claim = {
      method: "proxy-protocol",
      format: "proxy-v2",
      raw: "",
      get says() {
        return words++ === 0 ? "self" : "address";
      },
      endpoint: { address: FORGED, port: 1 },
    } as ConnectionClaim;
    expect(clientAddress({ ...direct, claims: [claim] }, {}, policy)).toBeUndefined();
    expect(words).toBe(1);
  });

  test("headers that are made when asked for", () => {
    const headers = {
      get "x-forwarded-for"() {
        interfere();
        return `${FORGED}, ${CLIENT}, 10.0.0.2`;
      },
    } as Headers;
    const list = compilePolicy({ trust: ["10.0.0.0/8"], from: "x-forwarded-for" });
    expect(clientAddress(direct, headers, list)).toBe(CLIENT);
    expect(resolve({ connection: direct, headers }, list)).toMatchObject({
      client: { address: CLIENT },
      hops: [{}, { raw: "10.0.0.2" }, { raw: CLIENT }],
    });
  });

  test("a demanded header that is made when asked for", () => {
    const demanding = compilePolicy({
      trust: ["10.0.0.0/8"],
      from: "x-real-ip",
      with: { header: "x-secret", equals: "correct horse" },
    });
    const headers = {
      "x-real-ip": CLIENT,
      get "x-secret"() {
        interfere();
        return "correct horse";
      },
    } as Headers;
    expect(clientAddress(direct, headers, demanding)).toBe(CLIENT);
  });

  test("list items with a text of their own", () => {
    const line = {
      toString() {
        interfere();
        return CLIENT;
      },
    } as unknown as string;
    const list = compilePolicy({ trust: ["10.0.0.0/8"], from: "x-forwarded-for" });
    expect(clientAddress(direct, { "x-forwarded-for": [FORGED, line] }, list)).toBe(CLIENT);
  });

  test("a getter that throws spoils its own walk alone", () => {
    const headers = {
      get "x-forwarded-for"(): string {
        throw new Error("of the application");
      },
    } as Headers;
    const list = compilePolicy({ trust: ["10.0.0.0/8"], from: "x-forwarded-for" });
    for (let round = 0; round < 3; round++) {
      expect(() => clientAddress(direct, headers, list)).toThrow("of the application");
      expect(clientAddress(direct, { "x-forwarded-for": CLIENT }, list)).toBe(CLIENT);
    }
  });
});

describe("a remembered peer", () => {
  test("is forgotten when the peer is another one", () => {
    const memory = createPeerMemory();
    const list = compilePolicy({ trust: ["10.0.0.0/8"], from: "x-forwarded-for" });
    const headers = { "x-forwarded-for": CLIENT };
    expect(clientAddress({ ...direct, memory }, headers, list)).toBe(CLIENT);
    expect(clientAddress({ ...direct, peer: "8.8.8.8", memory }, headers, list)).toBe("8.8.8.8");
    expect(clientAddress({ ...direct, memory }, headers, list)).toBe(CLIENT);
    expect(clientAddress({ ...direct, transport: "unix", peer: undefined, memory }, headers, list)).toBeUndefined();
  });

  test("is judged anew under another policy", () => {
    const memory = createPeerMemory();
    const headers = { "x-forwarded-for": CLIENT };
    const list = compilePolicy({ trust: ["10.0.0.0/8"], from: "x-forwarded-for" });
    expect(clientAddress({ ...direct, memory }, headers, list)).toBe(CLIENT);
    expect(clientAddress({ ...direct, memory }, headers, compilePolicy({ trust: [] }))).toBe("10.0.0.1");
    expect(clientAddress({ ...direct, memory }, headers, list)).toBe(CLIENT);
  });
});
