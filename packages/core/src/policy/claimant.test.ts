import { expect, test } from "vitest";
import { isClaimant } from "./claimant.ts";
import type { Connection } from "../evidence/evidence.ts";
import { compilePolicy } from "./policy.ts";

const policy = compilePolicy({
  rules: [
    { peers: ["10.0.0.0/24"], says: "proxy-protocol" },
    { peers: ["10.0.1.0/24"], says: ["toa", "proxy-protocol"] },
    { peers: ["10.0.2.0/24"], says: "x-forwarded-for" },
    { peers: ["unix"], says: "proxy-protocol" },
  ],
});

function from(peer: string | undefined, transport: Connection["transport"] = "tcp"): Connection {
  return { transport, peer, peerPort: 1, claims: [], certificate: undefined, memory: undefined };
}

test("a peer is believed in what its rule says, and in nothing else", () => {
  expect(isClaimant(policy, from("10.0.0.1"), "proxy-protocol")).toBe(true);
  expect(isClaimant(policy, from("::ffff:10.0.0.1"), "proxy-protocol")).toBe(true);
  expect(isClaimant(policy, from("10.0.0.1"), "toa")).toBe(false);
  expect(isClaimant(policy, from("10.0.1.1"), "toa")).toBe(true);
  expect(isClaimant(policy, from("10.0.2.1"), "proxy-protocol")).toBe(false);
});

test("a peer that no rule names is not believed, nor is text that is no address", () => {
  for (const peer of ["203.0.113.7", "10.0.0", "", undefined]) {
    expect(isClaimant(policy, from(peer), "proxy-protocol")).toBe(false);
  }
});

test("Unix sockets and unverified peers are believed where a rule names them", () => {
  expect(isClaimant(policy, from(undefined, "unix"), "proxy-protocol")).toBe(true);
  expect(isClaimant(policy, from("10.0.0.1", "unverified"), "proxy-protocol")).toBe(false);
});
