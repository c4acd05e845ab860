import { describe, expect, test } from "vitest";
import { WherefromError } from "../options/errors.ts";
import { compilePolicy } from "./policy.ts";
import type { PolicyOptions } from "./policy-options.ts";
import { policyFromEnv } from "./from-env.ts";
import type { RuleOptions } from "./rule.ts";

const from = "x-forwarded-for";
const halves = (count: number, length: number, step: number): string[] =>
  Array.from({ length: count }, (_, index) => `${index * step}.0.0.0/${length}`);

const OPEN: readonly (readonly [title: string, peers: readonly string[]])[] = [
  ["all of IPv4", ["0.0.0.0/0"]],
  ["all of IPv6", ["::/0"]],
  ["two halves", ["0.0.0.0/1", "128.0.0.0/1"]],
  ["two halves of IPv6", ["::/1", "8000::/1"]],
  ["an eighth", ["192.0.0.0/3"]],
  ["global unicast", ["2000::/3"]],
  ["sixteen sixteenths", halves(16, 4, 16)],
  ["256 blocks of 8", halves(256, 8, 1)],
  ["all but one block", halves(255, 8, 1)],
  ["mapped halves", ["::ffff:0.0.0.0/97", "::ffff:128.0.0.0/97"]],
  ["all mapped addresses", ["::ffff:0:0/96"]],
  ["every IPv4 host behind NAT64", ["64:ff9b::/96"]],
  ["half of them", ["64:ff9b::/97"]],
  ["what holds NAT64", ["64::/16"]],
  ["every IPv4 host by 6to4", ["2002::/16"]],
  ["every IPv4 host by Teredo", ["2001::/32"]],
  ["a wide one among narrow ones", ["10.0.0.0/8", "loopback", "128.0.0.0/2"]],
];

describe("peers that hold clients are refused", () => {
  test.each(OPEN)("%s", (_, peers) => {
    for (const options of [
      { trust: peers, from },
      { trust: peers, from, origin: ["x-forwarded-proto"] },
      { hops: 1, peers, from },
      {
        rules: [
          { peers: ["10.9.9.9"], says: "x-real-ip" },
          { peers, says: from },
        ],
      },
      { rules: peers.map((peer) => ({ peers: [peer], says: from })) },
      { trust: peers, from: "proxy-protocol" },
      { trust: peers, from, originIsPrivate: false },
    ] as PolicyOptions[]) {
      expect(() => compilePolicy(options)).toThrow(expect.objectContaining({ code: "ERR_WHEREFROM_OPEN_PREFIX" }));
    }
  });

  test.each(OPEN)("and taken with originIsPrivate or a demand: %s", (_, peers) => {
    const demand = { header: "x-origin-secret", equals: "correct horse" };
    for (const more of [{ originIsPrivate: true }, { with: demand }]) {
      expect(() => compilePolicy({ trust: peers, from, ...more })).not.toThrow();
      expect(() => compilePolicy({ hops: 1, peers, from, ...more })).not.toThrow();
      expect(() => compilePolicy({ rules: [{ peers, says: from, ...more }] })).not.toThrow();
    }
  });

  test("one rule's demand does not open the door for another rule", () => {
    const rules: readonly RuleOptions[] = [
      { peers: ["0.0.0.0/1"], says: from, with: { header: "x-origin-secret", equals: "correct horse" } },
      { peers: ["128.0.0.0/1"], says: from },
    ];
    expect(() => compilePolicy({ rules })).toThrow('"128.0.0.0/1" holds an eighth');
  });

  test("clients may be carved out, however many they are", () => {
    const rules: readonly RuleOptions[] = [
      { peers: ["10.0.0.0/8"], says: from },
      { peers: ["0.0.0.0/0", "::/0"], says: "nothing" },
    ];
    expect(() => compilePolicy({ rules })).not.toThrow();
    expect(() => compilePolicy({ trust: ["10.0.0.0/8"], from, infrastructure: ["0.0.0.0/0"] })).not.toThrow();
  });

  test.each<readonly string[][]>([
    [["private", "loopback", "linklocal", "fc00::/7", "cgnat"]],
    [["16.0.0.0/4"]],
    [["10.0.0.0/8", "10.0.0.0/8", "10.1.0.0/16"]],
    [Array.from({ length: 40 }, (_, index) => `10.${index}.0.0/16`)],
    [["fe80::/10", "2400:cb00::/32", "64:ff9b::/120", "2002:a00::/24"]],
  ])("ordinary ranges are taken: %s", (peers) => {
    expect(() => compilePolicy({ trust: peers, from })).not.toThrow();
  });

  test("the environment's policy follows the same rule", () => {
    expect(() => policyFromEnv("trust=0.0.0.0/1,128.0.0.0/1 from=x-forwarded-for")).toThrow("originIsPrivate");
    expect(() => policyFromEnv("trust=0.0.0.0/0 from=x-forwarded-for originIsPrivate=true")).not.toThrow();
    expect(() => policyFromEnv("trust=0.0.0.0/0 from=x-forwarded-for originIsPrivate=false")).toThrow("eighth");
    expect(() => policyFromEnv("trust=10.0.0.0/8 from=x-forwarded-for originIsPrivate=yes")).toThrow(
      "originIsPrivate=false",
    );
  });
});

/** The message of a WherefromError; "" where the peer is taken. */
function refusalOf(peer: string): string {
  try {
    compilePolicy({ trust: [peer], from });
    return "";
  } catch (error) {
    return WherefromError.is(error) ? error.message : "";
  }
}

describe("no message proposes to trust so much", () => {
  test.each([
    "0.0.0.0",
    "::",
    "::ffff:0.0.0.0",
    "0",
    "0/0",
    "0.0.0.0/00",
    "0.0.0.0/0.0.0.0",
    "0.0.0.0/128.0.0.0",
    "10.0.0.1/0",
    "10.0.0.1/3",
    "2001:db8::1/3",
    "[::]/0",
    " 0.0.0.0/0",
    "128/1",
    "0x0/0",
    "::ffff:10.0.0.1/97",
    "*",
    "any",
    "all",
    "0.0.0.0:80",
  ])("%j", (peer) => {
    const message = refusalOf(peer);
    expect(message).not.toBe("");
    expect(message.replace(JSON.stringify(peer), "")).not.toMatch(/\/[0-3]"/);
  });
});
