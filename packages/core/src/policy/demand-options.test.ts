import { describe, expect, test } from "vitest";
import type { ErrorCode } from "../options/errors.ts";
import { compilePolicy } from "./policy.ts";
import type { PolicyOptions } from "./policy-options.ts";

const from = "x-forwarded-for";

describe("a demand is refused", () => {
  test.each<[title: string, options: unknown, code: ErrorCode, said: string]>([
    [
      "a demand that is a text",
      { trust: ["10.0.0.0/8"], from, with: "secret" },
      "ERR_WHEREFROM_INVALID_POLICY",
      "not a text",
    ],
    ["a demand that is null", { trust: ["10.0.0.0/8"], from, with: null }, "ERR_WHEREFROM_INVALID_POLICY", "not null"],
    [
      "an empty demand",
      { trust: ["10.0.0.0/8"], from, with: {} },
      "ERR_WHEREFROM_INVALID_POLICY",
      "not an empty object",
    ],
    [
      "a demand of capitals",
      { trust: ["10.0.0.0/8"], from, with: { header: "X-Secret", equals: "12345678" } },
      "ERR_WHEREFROM_INVALID_POLICY",
      "in lower case",
    ],
    [
      "a demand of no header name",
      { trust: ["10.0.0.0/8"], from, with: { header: "x secret", equals: "12345678" } },
      "ERR_WHEREFROM_INVALID_POLICY",
      "in lower case",
    ],
    [
      "a demand of a header that is no text",
      { trust: ["10.0.0.0/8"], from, with: { header: 1, equals: "12345678" } },
      "ERR_WHEREFROM_INVALID_POLICY",
      "in lower case",
    ],
    [
      "a secret of seven characters",
      { trust: ["10.0.0.0/8"], from, with: { header: "x-secret", equals: "1234567" } },
      "ERR_WHEREFROM_INVALID_POLICY",
      "at least 8",
    ],
    [
      "a secret from an unset variable",
      { trust: ["10.0.0.0/8"], from, with: { header: "x-secret", equals: undefined } },
      "ERR_WHEREFROM_INVALID_POLICY",
      "at least 8",
    ],
    [
      "a header and a certificate",
      { trust: ["10.0.0.0/8"], from, with: { header: "x-secret", equals: "12345678", certificate: "authorized" } },
      "ERR_WHEREFROM_INVALID_POLICY",
      '"certificate" is not an option',
    ],
    [
      "a misspelt certificate",
      { trust: ["10.0.0.0/8"], from, with: { certificate: "authorised" } },
      "ERR_WHEREFROM_INVALID_POLICY",
      '"authorized"',
    ],
    [
      "a certificate that is true",
      { trust: ["10.0.0.0/8"], from, with: { certificate: true } },
      "ERR_WHEREFROM_INVALID_POLICY",
      '"authorized"',
    ],
    [
      "a certificate that is undefined",
      { trust: ["10.0.0.0/8"], from, with: { certificate: undefined } },
      "ERR_WHEREFROM_INVALID_POLICY",
      '"authorized"',
    ],
    [
      "a short fingerprint",
      { trust: ["10.0.0.0/8"], from, with: { certificate: { fingerprint256: "AB:CD" } } },
      "ERR_WHEREFROM_INVALID_POLICY",
      "64 hexadecimal",
    ],
    [
      "a fingerprint that is a number",
      { trust: ["10.0.0.0/8"], from, with: { certificate: { fingerprint256: 1 } } },
      "ERR_WHEREFROM_INVALID_POLICY",
      "64 hexadecimal",
    ],
    [
      "a SHA-1 fingerprint",
      { trust: ["10.0.0.0/8"], from, with: { certificate: { fingerprint: "AB" } } },
      "ERR_WHEREFROM_INVALID_POLICY",
      'did you mean "fingerprint256"?',
    ],
    [
      "a fingerprint beside the certificate",
      { trust: ["10.0.0.0/8"], from, with: { certificate: "authorized", fingerprint256: "AB" } },
      "ERR_WHEREFROM_INVALID_POLICY",
      '"fingerprint256" is not an option',
    ],
  ])("%s", (_, options, code, said) => {
    expect(() => compilePolicy(options as PolicyOptions)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(said) as string }),
    );
  });
});
