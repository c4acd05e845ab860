import { describe, expect, test } from "vitest";
import type { ErrorCode } from "../options/errors.ts";
import { compilePolicy } from "./policy.ts";
import type { PolicyOptions } from "./policy-options.ts";

const from = "x-forwarded-for";
const rule = { peers: ["10.0.0.0/8"], says: from };

describe("options are refused", () => {
  test.each<[title: string, options: unknown, code: ErrorCode, said: string]>([
    ["trust: true", { trust: true, from }, "ERR_WHEREFROM_INVALID_POLICY", "not true"],
    ["a hop count as trust", { trust: 1, from }, "ERR_WHEREFROM_INVALID_POLICY", "not 1"],
    ["trust as one text", { trust: "10.0.0.0/8", from }, "ERR_WHEREFROM_INVALID_POLICY", 'not "10.0.0.0/8"'],
    ["trust without from", { trust: ["10.0.0.0/8"] }, "ERR_WHEREFROM_INVALID_POLICY", '"from" is missing'],
    ["nothing", undefined, "ERR_WHEREFROM_INVALID_POLICY", "not undefined"],
    ["null", null, "ERR_WHEREFROM_INVALID_POLICY", "not null"],
    ["a number", 1, "ERR_WHEREFROM_INVALID_POLICY", "not 1"],
    ["true", true, "ERR_WHEREFROM_INVALID_POLICY", "not true"],
    ["a list", ["10.0.0.0/8"], "ERR_WHEREFROM_INVALID_POLICY", "not a list"],
    ["an empty object", {}, "ERR_WHEREFROM_INVALID_POLICY", "this one is an empty object"],
    [
      "a misspelt option",
      { trust: ["10.0.0.0/8"], form: from },
      "ERR_WHEREFROM_INVALID_POLICY",
      '"form" is not an option here; did you mean "from"?',
    ],
    [
      "an unknown option",
      { trust: ["10.0.0.0/8"], from, recursive: 1 },
      "ERR_WHEREFROM_INVALID_POLICY",
      '"recursive" is not an option here; "trust"',
    ],
    [
      "says in the short form",
      { trust: [], from, says: from },
      "ERR_WHEREFROM_INVALID_POLICY",
      '"says" is not an option here',
    ],
    [
      "trust and hops",
      { trust: ["10.0.0.0/8"], hops: 1, from },
      "ERR_WHEREFROM_INVALID_POLICY",
      '"trust" is not an option here',
    ],
    ["rules and trust", { rules: [rule], trust: [] }, "ERR_WHEREFROM_INVALID_POLICY", '"trust" is not an option here'],
    ["rules that are no list", { rules: rule }, "ERR_WHEREFROM_INVALID_POLICY", "rules is a list"],
    [
      "a rule that is a text",
      { rules: ["10.0.0.0/8"] },
      "ERR_WHEREFROM_INVALID_POLICY",
      'a rule is { peers, says }, not "10.0.0.0/8"',
    ],
    ["a rule that is missing", { rules: [undefined] }, "ERR_WHEREFROM_INVALID_POLICY", "not undefined"],
    ["a rule that is null", { rules: [null] }, "ERR_WHEREFROM_INVALID_POLICY", "not null"],
    ["a rule without peers", { rules: [{ says: from }] }, "ERR_WHEREFROM_INVALID_POLICY", "peers is a list"],
    [
      "a rule that says nothing of what is said",
      { rules: [{ peers: [] }] },
      "ERR_WHEREFROM_INVALID_POLICY",
      "a rule says what",
    ],
    [
      "a misspelt option of a rule",
      { rules: [{ ...rule, apends: [] }] },
      "ERR_WHEREFROM_INVALID_POLICY",
      'did you mean "appends"?',
    ],
    ["a name that is no text", { rules: [{ ...rule, name: 5 }] }, "ERR_WHEREFROM_INVALID_POLICY", "not 5"],
    [
      "a silence that does not exist",
      { trust: ["10.0.0.0/8"], from, silent: "client" },
      "ERR_WHEREFROM_INVALID_POLICY",
      'not "client"',
    ],
    [
      "infrastructure as one text",
      { trust: [], infrastructure: "10.0.0.0/8" },
      "ERR_WHEREFROM_INVALID_POLICY",
      "infrastructure is a list",
    ],
    [
      "appends of a single value",
      { rules: [{ ...rule, appends: ["x-real-ip"] }] },
      "ERR_WHEREFROM_INVALID_POLICY",
      '"x-real-ip" has one value',
    ],
    [
      "appends of what is said",
      { rules: [{ ...rule, appends: [from] }] },
      "ERR_WHEREFROM_INVALID_POLICY",
      "appends to it anyway",
    ],
    [
      "appends as one text",
      { rules: [{ ...rule, says: "x-real-ip", appends: from }] },
      "ERR_WHEREFROM_INVALID_POLICY",
      "appends is a list",
    ],
    [
      "hops with a silence",
      { hops: 1, peers: ["private"], from, silent: "self" },
      "ERR_WHEREFROM_INVALID_POLICY",
      '"silent" is not an option',
    ],
    ["hops without from", { hops: 1, peers: ["private"] }, "ERR_WHEREFROM_INVALID_POLICY", "a rule says what"],
  ])("%s", (_, options, code, said) => {
    expect(() => compilePolicy(options as PolicyOptions)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(said) as string }),
    );
  });
});
