import { readdirSync, readFileSync } from "node:fs";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { ERROR_CODES, type ErrorCode, WherefromError } from "./errors.ts";
import { compilePolicy } from "../policy/policy.ts";
import type { PolicyOptions } from "../policy/policy-options.ts";
import { REFERENCE_URL } from "./reference-url.ts";
import * as presets from "../presets/index.ts";
import { encodeProxyV1, encodeProxyV2 } from "../wire/proxy/encoder.ts";

const CODES = Object.keys(ERROR_CODES) as ErrorCode[];
const packages = new URL("../../../", import.meta.url);
const documentation = readFileSync(new URL("../../../../docs/reference/errors.md", import.meta.url), "utf8");

/** One call for each code that core itself throws. */
const CALLS: Partial<Record<ErrorCode, PolicyOptions>> = {
  ERR_WHEREFROM_INVALID_PREFIX: { trust: ["10/8"], from: "x-forwarded-for" },
  ERR_WHEREFROM_HOST_BITS: { trust: ["10.0.0.1/8"], from: "x-forwarded-for" },
  ERR_WHEREFROM_AMBIGUOUS_PREFIX: {
    rules: [
      { peers: ["10.0.0.0/8"], says: "x-forwarded-for" },
      { peers: ["10.0.0.0/8"], says: "x-real-ip" },
    ],
  },
  // @ts-expect-error -- TypeScript refuses it as well
  ERR_WHEREFROM_INVALID_CARRIER: { trust: ["10.0.0.0/8"], from: "x-forwared-for" },
  // @ts-expect-error -- TypeScript refuses it as well
  ERR_WHEREFROM_INVALID_POLICY: { trust: ["10.0.0.0/8"] },
  ERR_WHEREFROM_INVALID_HOPS: { hops: 0, peers: ["10.0.0.0/8"], from: "x-forwarded-for" },
};

/** Sources of all packages, without tests. */
function sources(): string {
  const files = readdirSync(packages, { recursive: true, encoding: "utf8" });
  const typescript = files.filter((file) => /^[a-z]+\/src\/.*\.ts$/.test(file) && !/\.test(?:-d)?\.ts$/.test(file));
  return typescript.map((file) => readFileSync(new URL(file, packages), "utf8")).join("\n");
}

describe("every code", () => {
  test.each(Object.entries(CALLS))("%s is thrown by core", (code, options) => {
    expect(() => compilePolicy(options)).toThrow(expect.objectContaining({ name: "WherefromError", code }));
  });

  test("that a policy's options do not cause is thrown elsewhere", () => {
    const text = sources();
    const elsewhere = CODES.filter((code) => CALLS[code] === undefined);
    expect(elsewhere).toEqual(elsewhere.filter((code) => new RegExp(`new WherefromError\\(\\s*"${code}"`).test(text)));
  });

  test("has a chapter in docs/reference/errors.md, in the order of the table, and nothing else has", () => {
    expect([...documentation.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading)).toEqual(CODES);
  });

  test.each(CODES)("%s is documented with its sentence, what was typed, the message and what to type", (code) => {
    const chapter = documentation.split(/^## /m).find((text) => text.startsWith(`${code}\n`))!;
    expect(chapter.startsWith(`${code}\n\n${ERROR_CODES[code]}\n`)).toBe(true);
    expect(chapter).toMatch(/Typed:\n\n```(?:ts|sh)\n/);
    expect(chapter).toMatch(/Seen:\n\n```text\n/);
    expect(chapter).toMatch(/Type instead:\n\n```(?:ts|sh)\n/);
  });

  test.each([...Object.keys(CALLS), "ERR_WHEREFROM_SHARED_RANGES", "ERR_WHEREFROM_INVALID_PROXY_HEADER"])(
    "%s: what is documented throws the documented message, and what to type instead throws nothing",
    (code) => {
      const chapter = documentation.split(/^## /m).find((text) => text.startsWith(`${code}\n`))!;
      const blocks = [...chapter.matchAll(/```(?:ts|text)\n([\s\S]*?)\n```/g)].map(([, block]) => block!);
      const [typed = "", seen = "", instead = ""] = blocks;
      expect(() => run(typed)).toThrow(expect.objectContaining({ code, message: seen }));
      expect(() => run(instead)).not.toThrow();
    },
  );
});

/** Runs a documented block: what it imports is there. */
function run(source: string): void {
  const names = { compilePolicy, ...presets, encodeProxyV1, encodeProxyV2, process: { env: {} } };
  runInNewContext(source.replaceAll(/^import .*$/gm, ""), names);
}

describe("WherefromError.is", () => {
  test("knows an error of another copy of the package by its code", () => {
    const foreign = Object.assign(new Error("of another copy"), { code: "ERR_WHEREFROM_HOST_BITS" });
    expect(WherefromError.is(foreign)).toBe(true);
    expect(WherefromError.is(new WherefromError("ERR_WHEREFROM_NO_POLICY", "none"))).toBe(true);
  });

  test.each([
    ["a system error", Object.assign(new Error("reset"), { code: "ECONNRESET" })],
    ["an error with a numeric code", Object.assign(new Error("exit"), { code: 1 })],
    ["an error without a code", new Error("plain")],
    ["an object with a code", { code: "ERR_WHEREFROM_HOST_BITS" }],
    ["a text", "ERR_WHEREFROM_HOST_BITS"],
    ["nothing", undefined],
    ["an error whose code every object has", Object.assign(new Error("odd"), { code: "constructor" })],
  ])("refuses %s", (_, value) => {
    expect(WherefromError.is(value)).toBe(false);
  });

  test("ends its message in the link to what to write, and keeps its words without it", () => {
    const { message, detail } = new WherefromError("ERR_WHEREFROM_NO_POLICY", "no policy covers it");
    expect(detail).toBe("no policy covers it");
    expect(message).toBe(`${detail} (${REFERENCE_URL}errors.md#err_wherefrom_no_policy)`);
  });

  test("keeps the lower error as its cause", () => {
    const cause = new Error("lower");
    expect(new WherefromError("ERR_WHEREFROM_INVALID_POLICY", "upper", { cause }).cause).toBe(cause);
  });
});
