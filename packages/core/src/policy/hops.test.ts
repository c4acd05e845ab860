import { describe, expect, test } from "vitest";
import type { ErrorCode } from "../options/errors.ts";
import { HOP_LIMIT } from "../options/limits.ts";
import { compilePolicy } from "./policy.ts";
import type { PolicyOptions } from "./policy-options.ts";

const from = "x-forwarded-for";

describe("a hop count is refused", () => {
  test.each<[title: string, options: unknown, code: ErrorCode, said: string]>([
    ["hops without peers", { hops: 1, from }, "ERR_WHEREFROM_INVALID_HOPS", "peers"],
    ["hops in no peers", { hops: 1, peers: [], from }, "ERR_WHEREFROM_INVALID_HOPS", "peers"],
    ["hops in peers that are no list", { hops: 1, peers: "private", from }, "ERR_WHEREFROM_INVALID_HOPS", "peers"],
    ["no hop", { hops: 0, peers: ["private"], from }, "ERR_WHEREFROM_INVALID_HOPS", "not 0"],
    [
      "as many hops as the limit",
      { hops: HOP_LIMIT, peers: ["private"], from },
      "ERR_WHEREFROM_INVALID_HOPS",
      "not 32",
    ],
    ["half a hop", { hops: 1.5, peers: ["private"], from }, "ERR_WHEREFROM_INVALID_HOPS", "not 1.5"],
    ["hops as text", { hops: "1", peers: ["private"], from }, "ERR_WHEREFROM_INVALID_HOPS", 'not "1"'],
    [
      "hops that are no number",
      { hops: Number.NaN, peers: ["private"], from },
      "ERR_WHEREFROM_INVALID_HOPS",
      "not NaN",
    ],
    [
      "hops along a single value",
      { hops: 1, peers: ["private"], from: "x-real-ip" },
      "ERR_WHEREFROM_INVALID_HOPS",
      "one list header",
    ],
    [
      "hops along a connection method",
      { hops: 1, peers: ["private"], from: "toa" },
      "ERR_WHEREFROM_INVALID_HOPS",
      "one list header",
    ],
    [
      "hops along a method and a header",
      { hops: 1, peers: ["private"], from: ["toa", from] },
      "ERR_WHEREFROM_INVALID_HOPS",
      "one list header",
    ],
  ])("%s", (_, options, code, said) => {
    expect(() => compilePolicy(options as PolicyOptions)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(said) as string }),
    );
  });
});
