import { describe, expect, test } from "vitest";
import type { ErrorCode } from "../options/errors.ts";
import { compilePolicy } from "./policy.ts";
import type { PolicyOptions } from "./policy-options.ts";

const from = "x-forwarded-for";
const rule = { peers: ["10.0.0.0/8"], says: from };

describe("what a machine says is refused", () => {
  test.each<[title: string, options: unknown, code: ErrorCode, said: string]>([
    [
      "a misspelt carrier",
      { trust: ["10.0.0.0/8"], from: "x-forwared-for" },
      "ERR_WHEREFROM_INVALID_CARRIER",
      'did you mean "x-forwarded-for"?',
    ],
    [
      "a misspelt method",
      { trust: ["10.0.0.0/8"], from: "proxy-protokol" },
      "ERR_WHEREFROM_INVALID_CARRIER",
      'did you mean "proxy-protocol"?',
    ],
    [
      "a header that nobody knows, by name alone",
      { trust: ["10.0.0.0/8"], from: "x-my-address" },
      "ERR_WHEREFROM_INVALID_CARRIER",
      '{ header: "x-my-address" }',
    ],
    [
      "capitals",
      { trust: ["10.0.0.0/8"], from: "X-Forwarded-For" },
      "ERR_WHEREFROM_INVALID_CARRIER",
      'did you mean "x-forwarded-for"?',
    ],
    [
      "capitals in a header of one's own",
      { trust: ["10.0.0.0/8"], from: { header: "X-Mine" } },
      "ERR_WHEREFROM_INVALID_CARRIER",
      'did you mean "x-mine"?',
    ],
    [
      "a space in a header name",
      { trust: ["10.0.0.0/8"], from: { header: "x mine" } },
      "ERR_WHEREFROM_INVALID_CARRIER",
      '"x mine"',
    ],
    ["an empty header name", { trust: ["10.0.0.0/8"], from: "" }, "ERR_WHEREFROM_INVALID_CARRIER", '""'],
    [
      "a carrier that is null",
      { trust: ["10.0.0.0/8"], from: null },
      "ERR_WHEREFROM_INVALID_CARRIER",
      "undefined is not a",
    ],
    [
      "a carrier that is a number",
      { trust: ["10.0.0.0/8"], from: 1 },
      "ERR_WHEREFROM_INVALID_CARRIER",
      "is not a lower-case",
    ],
    [
      "a carrier that every object has",
      { trust: ["10.0.0.0/8"], from: "constructor" },
      "ERR_WHEREFROM_INVALID_CARRIER",
      '"constructor" is not a known carrier',
    ],
    ["no carrier at all", { trust: ["10.0.0.0/8"], from: [] }, "ERR_WHEREFROM_INVALID_CARRIER", "at least one"],
    [
      "two headers",
      { trust: ["10.0.0.0/8"], from: ["x-real-ip", from] },
      "ERR_WHEREFROM_INVALID_CARRIER",
      "{ all: [...] }",
    ],
    [
      "a header before a method",
      { trust: ["10.0.0.0/8"], from: [from, "toa"] },
      "ERR_WHEREFROM_INVALID_CARRIER",
      '"toa" belongs to the connection',
    ],
    [
      "nothing and something",
      { trust: ["10.0.0.0/8"], from: ["nothing", from] },
      "ERR_WHEREFROM_INVALID_CARRIER",
      '"nothing" stands alone',
    ],
    [
      "an unknown form",
      { trust: ["10.0.0.0/8"], from: { header: "x-a", form: "json" } },
      "ERR_WHEREFROM_INVALID_CARRIER",
      '"json" is not a form',
    ],
    [
      "Forwarded in another form",
      { trust: ["10.0.0.0/8"], from: { header: "forwarded", form: "list" } },
      "ERR_WHEREFROM_INVALID_CARRIER",
      '"forwarded" is the form of',
    ],
    [
      "another header in Forwarded's form",
      { trust: ["10.0.0.0/8"], from: { header: "x-mine", form: "forwarded" } },
      "ERR_WHEREFROM_INVALID_CARRIER",
      '"forwarded" is the form of',
    ],
    [
      "a misspelt option of a header",
      { trust: ["10.0.0.0/8"], from: { header: from, skp: 1 } },
      "ERR_WHEREFROM_INVALID_CARRIER",
      'did you mean "skip"?',
    ],
    [
      "skip of a single value",
      { trust: ["10.0.0.0/8"], from: { header: "x-real-ip", skip: 1 } },
      "ERR_WHEREFROM_INVALID_CARRIER",
      "nothing to skip",
    ],
    [
      "a negative skip",
      { trust: ["10.0.0.0/8"], from: { header: from, skip: -1 } },
      "ERR_WHEREFROM_INVALID_CARRIER",
      "not -1",
    ],
    [
      "half a skip",
      { trust: ["10.0.0.0/8"], from: { header: from, skip: 0.5 } },
      "ERR_WHEREFROM_INVALID_CARRIER",
      "not 0.5",
    ],
    [
      "a skip of five",
      { trust: ["10.0.0.0/8"], from: { header: from, skip: 5 } },
      "ERR_WHEREFROM_INVALID_CARRIER",
      "not 5",
    ],
    [
      "a skip that is a text",
      { trust: ["10.0.0.0/8"], from: { header: from, skip: "1" } },
      "ERR_WHEREFROM_INVALID_CARRIER",
      'not "1"',
    ],
    [
      "all of one header",
      { trust: ["10.0.0.0/8"], from: { all: [from] } },
      "ERR_WHEREFROM_INVALID_CARRIER",
      "at least two",
    ],
    ["all of none", { trust: ["10.0.0.0/8"], from: { all: [] } }, "ERR_WHEREFROM_INVALID_CARRIER", "at least two"],
    [
      "all of one header twice",
      { trust: ["10.0.0.0/8"], from: { all: [from, { header: from }] } },
      "ERR_WHEREFROM_INVALID_CARRIER",
      "twice",
    ],
    [
      "all that is no list",
      { trust: ["10.0.0.0/8"], from: { all: from } },
      "ERR_WHEREFROM_INVALID_CARRIER",
      "undefined is not a",
    ],
    [
      "all and something else",
      { trust: ["10.0.0.0/8"], from: { all: [from, "x-real-ip"], any: [] } },
      "ERR_WHEREFROM_INVALID_CARRIER",
      '"any" is not an option',
    ],
    [
      "all of a connection method",
      { trust: ["10.0.0.0/8"], from: { all: ["toa", from] } },
      "ERR_WHEREFROM_INVALID_CARRIER",
      '"toa"',
    ],
    [
      "one header in two forms",
      { rules: [rule, { peers: ["192.168.0.0/16"], says: { header: from, form: "address" } }] },
      "ERR_WHEREFROM_INVALID_CARRIER",
      'both "list" and "address"',
    ],
    ["appends of a method", { rules: [{ ...rule, appends: ["toa"] }] }, "ERR_WHEREFROM_INVALID_CARRIER", '"toa"'],
  ])("%s", (_, options, code, said) => {
    expect(() => compilePolicy(options as PolicyOptions)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(said) as string }),
    );
  });
});

test("a policy reads at most thirty headers", () => {
  const rules = Array.from({ length: 31 }, (_, index) => ({
    peers: [`10.${index}.0.0/16`],
    says: { header: `x-${index}` },
  }));
  expect(compilePolicy({ rules: rules.slice(0, 30) }).headers).toHaveLength(30);
  expect(() => compilePolicy({ rules })).toThrow(
    expect.objectContaining({ code: "ERR_WHEREFROM_INVALID_CARRIER" satisfies ErrorCode }),
  );
});
