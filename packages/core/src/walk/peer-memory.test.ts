import { describe, expect, test } from "vitest";
import { createPeerMemory } from "../evidence/peer-memory.ts";
import { compilePolicy } from "../policy/policy.ts";
import { clientAddress, resolve } from "../resolution/resolution.ts";
import { CLIENT, from, list, trusted } from "../../test/answer.ts";

describe("a peer is asked for once", () => {
  test("a kept connection remembers under which rule its peer falls, per policy", () => {
    const memory = createPeerMemory();
    const connection = from("::ffff:10.0.0.1", { memory });
    const believes = compilePolicy(trusted);
    const refuses = compilePolicy({ trust: ["192.168.0.0/16"], from: "x-forwarded-for" });
    for (const policy of [believes, believes, refuses, refuses, believes]) {
      expect(clientAddress(connection, list(CLIENT), policy)).toBe(policy === believes ? CLIENT : "10.0.0.1");
      expect(memory.policy).toBe(policy);
    }
    expect(resolve({ connection, headers: list(CLIENT) }, believes).hops[0]?.verdict).toEqual({
      trusted: true,
      rule: "10.0.0.0/8",
    });
  });
});
