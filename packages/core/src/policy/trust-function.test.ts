import { describe, expect, test } from "vitest";
import { compilePolicy } from "./policy.ts";
import type { PolicyOptions } from "./policy-options.ts";
import { trustFunction } from "./trust-function.ts";

const xff = "x-forwarded-for";
const answers = (options: PolicyOptions, address: string, distance = 0): boolean =>
  trustFunction(compilePolicy(options))(address, distance);

describe("for a framework that reads X-Forwarded-For whatever the policy says", () => {
  test.each<[title: string, PolicyOptions, address: string, distance: number, expected: boolean]>([
    ["a machine that says the list", { trust: ["10.0.0.0/8"], from: xff }, "10.0.0.1", 0, true],
    ["its mapped spelling", { trust: ["10.0.0.0/8"], from: xff }, "::ffff:10.0.0.1", 0, true],
    ["however far it is", { trust: ["10.0.0.0/8"], from: xff }, "10.0.0.1", 20, true],
    ["its zone", { trust: ["fe80::1%eth0"], from: xff }, "fe80::1%eth0", 0, true],
    ["another zone", { trust: ["fe80::1%eth0"], from: xff }, "fe80::1%eth1", 0, false],
    ["a machine that no rule names", { trust: ["10.0.0.0/8"], from: xff }, "8.8.8.8", 0, false],
    ["loose text", { trust: ["10.0.0.0/8"], from: xff }, "012.0.0.1", 0, false],
    ["an empty text", { trust: ["0.0.0.0/0"], from: xff, originIsPrivate: true }, "", 0, false],
    ["nobody's list", { trust: [] }, "127.0.0.1", 0, false],
    ["X-Real-IP", { trust: ["10.0.0.0/8"], from: "x-real-ip" }, "10.0.0.1", 0, false],
    ["Forwarded", { trust: ["10.0.0.0/8"], from: "forwarded" }, "10.0.0.1", 0, false],
    ["another list", { trust: ["10.0.0.0/8"], from: { header: "x-mine", form: "list" } }, "10.0.0.1", 0, false],
    [
      "X-Forwarded-For with one value",
      { trust: ["10.0.0.0/8"], from: { header: xff, form: "address" } },
      "10.0.0.1",
      0,
      false,
    ],
    ["a skipped element", { trust: ["10.0.0.0/8"], from: { header: xff, skip: 1 } }, "10.0.0.1", 0, false],
    ["TOA", { trust: ["10.0.0.0/8"], from: "toa" }, "10.0.0.1", 0, false],
    ["TOA and the list", { trust: ["10.0.0.0/8"], from: ["toa", xff] }, "10.0.0.1", 0, false],
    ["nothing", { trust: ["10.0.0.0/8"], from: "nothing" }, "10.0.0.1", 0, false],
    ["two that must agree", { trust: ["10.0.0.0/8"], from: { all: [xff, "x-real-ip"] } }, "10.0.0.1", 0, false],
    [
      "a demand, which no address can meet",
      { trust: ["10.0.0.0/8"], from: xff, with: { header: "x-secret", equals: "12345678" } },
      "10.0.0.1",
      0,
      false,
    ],
    ["the last counted machine", { hops: 2, peers: ["10.0.0.0/8"], from: xff }, "10.0.0.1", 1, true],
    ["one behind the counted machines", { hops: 2, peers: ["10.0.0.0/8"], from: xff }, "10.0.0.1", 2, false],
  ])("%s", (_, options, address, distance, expected) => {
    expect(answers(options, address, distance)).toBe(expected);
  });

  test("an address that is undefined, as that of a closed socket, is not believed", () => {
    expect(
      answers({ trust: ["0.0.0.0/0", "::/0"], from: xff, originIsPrivate: true }, undefined as unknown as string),
    ).toBe(false);
  });

  test("of several policies all must believe, and of none nobody does", () => {
    const wide = compilePolicy({ trust: ["10.0.0.0/8"], from: xff });
    const narrow = compilePolicy({ trust: ["10.1.0.0/16"], from: xff });
    expect(trustFunction(wide, narrow)("10.1.0.1", 0)).toBe(true);
    expect(trustFunction(wide, narrow)("10.2.0.1", 0)).toBe(false);
    expect(trustFunction()("10.1.0.1", 0)).toBe(false);
  });
});
