import { compilePolicy, trustFunction } from "@wherefrom/core";
import fc from "fast-check";
import proxyAddr from "proxy-addr";
import { describe, expect, test } from "vitest";

const prefix = fc.oneof(
  fc.tuple(fc.constantFrom("10.0.0.0", "10.1.0.0", "192.168.0.0", "172.16.0.0"), fc.constantFrom(16, 24, 32)),
  fc.tuple(fc.constantFrom("2001:db8::", "fd00::", "2001:db8:1::"), fc.constantFrom(48, 64, 128)),
);
const prefixes = fc.uniqueArray(
  prefix.map(([base, length]) => `${base}/${length}`),
  { minLength: 1, maxLength: 6 },
);
const address = fc.oneof(
  fc
    .tuple(fc.constantFrom("10.0", "10.1", "192.168", "172.16"), fc.nat(255), fc.nat(255))
    .map((parts) => parts.join(".")),
  fc.tuple(fc.constantFrom("10.0.0", "::ffff:10.1.0", "::ffff:192.168.0"), fc.nat(3)).map((parts) => parts.join(".")),
  fc
    .tuple(fc.constantFrom("2001:db8::", "fd00::", "2001:db8:1::", "2001:db8:0:1::"), fc.nat(3))
    .map((parts) => parts.join("")),
  fc.ipV4(),
);

describe("the trust function", () => {
  test("is proxy-addr's, for the short form over X-Forwarded-For", () => {
    let believed = 0;
    fc.assert(
      fc.property(prefixes, fc.array(address, { minLength: 4, maxLength: 4 }), (trust, addresses) => {
        const ours = trustFunction(compilePolicy({ trust, from: "x-forwarded-for" }));
        const theirs = proxyAddr.compile(trust);
        for (const [distance, machine] of addresses.entries()) {
          expect(ours(machine, distance)).toBe(theirs(machine, distance));
          if (ours(machine, distance)) believed++;
        }
      }),
      { numRuns: 2000 },
    );
    expect(believed).toBeGreaterThan(500);
  });

  test("under another carrier it believes nobody, so that proxy-addr answers the socket's peer", () => {
    const request = {
      socket: { remoteAddress: "10.0.0.1" },
      connection: { remoteAddress: "10.0.0.1" },
      headers: { "x-forwarded-for": "9.9.9.9" },
    } as unknown as Parameters<typeof proxyAddr>[0];
    for (const from of [
      "x-real-ip",
      "forwarded",
      "toa",
      "cf-connecting-ip",
      { header: "x-forwarded-for", skip: 1 },
    ] as const) {
      expect(proxyAddr(request, trustFunction(compilePolicy({ trust: ["10.0.0.0/8"], from })))).toBe("10.0.0.1");
    }
    expect(proxyAddr(request, trustFunction(compilePolicy({ trust: ["10.0.0.0/8"], from: "x-forwarded-for" })))).toBe(
      "9.9.9.9",
    );
  });

  test("loose spellings that proxy-addr takes for 10.0.0.0/8 are not believed", () => {
    const trust = trustFunction(compilePolicy({ trust: ["10.0.0.0/8"], from: "x-forwarded-for" }));
    const theirs = proxyAddr.compile(["10.0.0.0/8"]);
    for (const text of ["012.0.0.1", "0x0a.0.0.1", "167772161"]) {
      expect(theirs(text, 0)).toBe(true);
      expect(trust(text, 0)).toBe(false);
    }
  });
});
