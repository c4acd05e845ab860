import { describe, expect, test } from "vitest";
import { compilePolicy } from "./policy.ts";
import type { PolicyOptions } from "./policy-options.ts";

const nodes = ["10.0.0.0/16", "fd00::/64"];

describe("a policy by which nodes say toa is refused, unless they filter it", () => {
  test.each<[title: string, options: PolicyOptions]>([
    ["a node's address", { trust: ["10.0.3.7"], from: "toa", infrastructure: nodes }],
    ["a range around the nodes", { trust: ["10.0.0.0/8"], from: "toa", infrastructure: nodes }],
    ["a named range around them", { trust: ["private"], from: "toa", infrastructure: nodes }],
    ["nodes by a named range", { trust: ["10.1.2.3"], from: "toa", infrastructure: ["private"] }],
    ["IPv6", { trust: ["fd00::7"], from: "toa", infrastructure: nodes }],
    [
      "one rule of several",
      {
        rules: [
          { peers: ["192.0.2.1"], says: "toa" },
          { peers: ["unix", "10.0.0.1"], says: ["toa", "x-forwarded-for"] },
        ],
        infrastructure: nodes,
      },
    ],
  ])("%s", (_title, options) => {
    expect(() => compilePolicy(options)).toThrow(
      expect.objectContaining({
        code: "ERR_WHEREFROM_INVALID_POLICY",
        detail: expect.stringMatching(/says "toa" and is infrastructure: .* nodesFilterToa: true$/) as string,
      }),
    );
    expect(() => compilePolicy({ ...options, nodesFilterToa: true })).not.toThrow();
  });
});

test("balancers beside the nodes, and nodes that say something else, need no filter", () => {
  for (const options of [
    { trust: ["10.1.0.0/24"], from: "toa", infrastructure: nodes },
    { trust: ["2001:db8::1"], from: "toa", infrastructure: nodes },
    { trust: ["10.0.0.1"], from: "proxy-protocol", infrastructure: nodes },
    { trust: ["10.0.0.1"], from: "toa" },
    { trust: ["10.0.0.1"], from: "toa", nodesFilterToa: false },
  ] as const) {
    expect(() => compilePolicy(options)).not.toThrow();
  }
});

test("what is neither true nor false is refused", () => {
  const options = { trust: [], nodesFilterToa: "yes" } as unknown as PolicyOptions;
  expect(() => compilePolicy(options)).toThrow('nodesFilterToa is true or false, not "yes"');
});
