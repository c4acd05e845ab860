import { describe, expect, test } from "vitest";
import type { ErrorCode } from "../options/errors.ts";
import { compilePolicy } from "./policy.ts";
import type { PolicyOptions } from "./policy-options.ts";

const from = "x-forwarded-for";
const rule = { peers: ["10.0.0.0/8"], says: from };

/** What JavaScript callers and environment files pass: nothing is known of its type. */
function refusal(options: unknown): { code: ErrorCode; detail: string } {
  try {
    compilePolicy(options as PolicyOptions);
  } catch (error) {
    return error as { code: ErrorCode; detail: string };
  }
  throw new Error(`accepted: ${JSON.stringify(options)}`);
}

describe("a peer is refused", () => {
  test.each([
    { peer: "1", code: "ERR_WHEREFROM_INVALID_PREFIX", near: undefined },
    { peer: "2", code: "ERR_WHEREFROM_INVALID_PREFIX", near: undefined },
    { peer: "true", code: "ERR_WHEREFROM_INVALID_PREFIX", near: undefined },
    { peer: "*", code: "ERR_WHEREFROM_INVALID_PREFIX", near: undefined },
    { peer: "", code: "ERR_WHEREFROM_INVALID_PREFIX", near: undefined },
    { peer: "10/8", code: "ERR_WHEREFROM_INVALID_PREFIX", near: "10.0.0.0/8" },
    { peer: "192.168/16", code: "ERR_WHEREFROM_INVALID_PREFIX", near: "192.168.0.0/16" },
    { peer: "10.1/8", code: "ERR_WHEREFROM_INVALID_PREFIX", near: "10.0.0.0/8" },
    { peer: "300/8", code: "ERR_WHEREFROM_INVALID_PREFIX", near: undefined },
    { peer: "010.0.0.0/8", code: "ERR_WHEREFROM_INVALID_PREFIX", near: undefined },
    { peer: "10.0.0.01", code: "ERR_WHEREFROM_INVALID_PREFIX", near: "10.0.0.1" },
    { peer: "10.0.0.*", code: "ERR_WHEREFROM_INVALID_PREFIX", near: "10.0.0.0/24" },
    { peer: "0x0a.0.0.5", code: "ERR_WHEREFROM_INVALID_PREFIX", near: "10.0.0.5" },
    { peer: "167772165", code: "ERR_WHEREFROM_INVALID_PREFIX", near: "10.0.0.5" },
    { peer: "127.1", code: "ERR_WHEREFROM_INVALID_PREFIX", near: "127.0.0.1" },
    { peer: "10.0.0.0/08", code: "ERR_WHEREFROM_INVALID_PREFIX", near: "10.0.0.0/8" },
    { peer: "10.0.0.0/255.0.0.0", code: "ERR_WHEREFROM_INVALID_PREFIX", near: "10.0.0.0/8" },
    { peer: "10.0.0.0/255.0.255.0", code: "ERR_WHEREFROM_INVALID_PREFIX", near: undefined },
    { peer: "10.0.0.0/", code: "ERR_WHEREFROM_INVALID_PREFIX", near: undefined },
    { peer: "10.0.0.0/33", code: "ERR_WHEREFROM_INVALID_PREFIX", near: undefined },
    { peer: "::/129", code: "ERR_WHEREFROM_INVALID_PREFIX", near: undefined },
    { peer: " 10.0.0.0/8", code: "ERR_WHEREFROM_INVALID_PREFIX", near: "10.0.0.0/8" },
    { peer: "10.0.0.0/8\n", code: "ERR_WHEREFROM_INVALID_PREFIX", near: "10.0.0.0/8" },
    { peer: "[::1]", code: "ERR_WHEREFROM_INVALID_PREFIX", near: "::1" },
    { peer: "[::1]:443", code: "ERR_WHEREFROM_INVALID_PREFIX", near: "::1" },
    { peer: "1.2.3.4:80", code: "ERR_WHEREFROM_INVALID_PREFIX", near: "1.2.3.4" },
    { peer: "localhost", code: "ERR_WHEREFROM_INVALID_PREFIX", near: "loopback" },
    { peer: "lopback", code: "ERR_WHEREFROM_INVALID_PREFIX", near: "loopback" },
    { peer: "Private", code: "ERR_WHEREFROM_INVALID_PREFIX", near: "private" },
    { peer: "link-local", code: "ERR_WHEREFROM_INVALID_PREFIX", near: "linklocal" },
    { peer: "Unix", code: "ERR_WHEREFROM_INVALID_PREFIX", near: "unix" },
    { peer: "fe80::%eth0/10/2", code: "ERR_WHEREFROM_INVALID_PREFIX", near: undefined },
    { peer: "constructor", code: "ERR_WHEREFROM_INVALID_PREFIX", near: undefined },
    { peer: "0.0.0.0", code: "ERR_WHEREFROM_INVALID_PREFIX", near: undefined },
    { peer: "::", code: "ERR_WHEREFROM_INVALID_PREFIX", near: undefined },
    { peer: "::ffff:0.0.0.0", code: "ERR_WHEREFROM_INVALID_PREFIX", near: undefined },
    { peer: "::ffff:10.0.0.0/8", code: "ERR_WHEREFROM_INVALID_PREFIX", near: undefined },
    { peer: "::ffff:0:0/95", code: "ERR_WHEREFROM_INVALID_PREFIX", near: undefined },
    { peer: "10.0.0.1/8", code: "ERR_WHEREFROM_HOST_BITS", near: "10.0.0.0/8" },
    { peer: "2001:db8::1/32", code: "ERR_WHEREFROM_HOST_BITS", near: "2001:db8::/32" },
    { peer: "::ffff:10.0.0.1/104", code: "ERR_WHEREFROM_HOST_BITS", near: "10.0.0.0/8" },
    { peer: "fe80::1%eth0/10", code: "ERR_WHEREFROM_HOST_BITS", near: "fe80::%eth0/10" },
  ])("$peer: $code, near $near", ({ peer, code, near }) => {
    const error = refusal({ trust: [peer], from });
    expect(error.code).toBe(code);
    expect(error.detail).toContain(`"${peer}"`);
    expect(/; did you mean "(.*)"\?$/.exec(error.detail)?.[1]).toBe(near);
    expect(error.detail.includes("did you mean")).toBe(near !== undefined);
  });

  test.each([[1], [true], [null], [undefined], [{}], [["10.0.0.0/8"]]])("%j is no text", (peer) => {
    expect(refusal({ trust: [peer], from })).toMatchObject({ code: "ERR_WHEREFROM_INVALID_PREFIX" });
  });
});

describe("peers of a rule, or infrastructure, are refused", () => {
  test.each<[title: string, options: unknown, code: ErrorCode, said: string]>([
    [
      "infrastructure that is no prefix",
      { trust: [], infrastructure: ["10/8"] },
      "ERR_WHEREFROM_INVALID_PREFIX",
      '"10/8"',
    ],
    ["unix as infrastructure", { trust: [], infrastructure: ["unix"] }, "ERR_WHEREFROM_INVALID_PREFIX", '"unix"'],

    [
      "one prefix in two rules",
      { rules: [rule, { ...rule, says: "x-real-ip" }] },
      "ERR_WHEREFROM_AMBIGUOUS_PREFIX",
      '"10.0.0.0/8"',
    ],
    [
      "one prefix in two spellings",
      { rules: [rule, { ...rule, peers: ["::ffff:a00:0/104"] }] },
      "ERR_WHEREFROM_AMBIGUOUS_PREFIX",
      '"10.0.0.0/8"',
    ],
    [
      "a named range and one of its prefixes",
      { rules: [rule, { ...rule, peers: ["private"] }] },
      "ERR_WHEREFROM_AMBIGUOUS_PREFIX",
      '"10.0.0.0/8"',
    ],
    [
      "one zoned prefix in two rules",
      {
        rules: [
          { ...rule, peers: ["fe80::1%a"] },
          { ...rule, peers: ["fe80::1%a"] },
        ],
      },
      "ERR_WHEREFROM_AMBIGUOUS_PREFIX",
      '"fe80::1%a/128"',
    ],
    [
      "unix in two rules",
      {
        rules: [
          { ...rule, peers: ["unix"] },
          { ...rule, peers: ["unix"] },
        ],
      },
      "ERR_WHEREFROM_AMBIGUOUS_PREFIX",
      '"unix"',
    ],
    [
      "unverified in two rules",
      {
        rules: [
          { ...rule, peers: ["unverified"] },
          { ...rule, peers: ["unverified"] },
        ],
      },
      "ERR_WHEREFROM_AMBIGUOUS_PREFIX",
      '"unverified"',
    ],
  ])("%s", (_, options, code, said) => {
    expect(() => compilePolicy(options as PolicyOptions)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(said) as string }),
    );
  });
});
