import { inspect } from "node:util";
import { compilePolicy, policyFromEnv, type PolicySource, policyText, resolve } from "@wherefrom/core";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { settingsFromText } from "./settings.ts";

const SECRET = "correct-horse-battery";
const ENV = { ORIGIN_SECRET: SECRET };
const RULE = { trust: ["10.0.0.0/8"], from: "x-forwarded-for" } as const;
const DEMAND = { header: "x-origin-secret", equals: { env: "ORIGIN_SECRET" } };

const settings = (policy: object, env: NodeJS.ProcessEnv = ENV): ReturnType<typeof settingsFromText> => {
  const made = settingsFromText(JSON.stringify({ policy }), { env });
  onTestFinished(() => made.source.close());
  return made;
};

/** All that a program prints a value by. */
function printed(value: unknown): string {
  const whole = { depth: Infinity, showHidden: true, getters: true } as const;
  const texts = [inspect(value), inspect(value, whole), inspect(value, { ...whole, customInspect: false })];
  const error = value instanceof Error ? [value.message, value.stack, String(value), printed(value.cause)] : [];
  return [...texts, JSON.stringify(value), ...error].join("\n");
}

/** Forms of the secret that stand in a text, which has something of what was printed at all. */
function leaks(text: string, known: string): readonly string[] {
  const bytes = Buffer.from(SECRET);
  const forms = [SECRET, bytes.toString("hex"), bytes.toString("base64"), [...bytes].join(", ")];
  return text.includes(known) ? forms.filter((form) => text.includes(form)) : [`no ${known}`];
}

function thrownBy(make: () => unknown): Error {
  try {
    make();
  } catch (error) {
    return error as Error;
  }
  throw new Error("nothing was thrown");
}

describe("a secret is in nothing that is printed", () => {
  test("settings, their source and its policy", async () => {
    const made = settings({ ...RULE, with: DEMAND });
    await made.source.ready;
    const { current } = made.source as PolicySource & { current: ReturnType<typeof compilePolicy> };
    expect(leaks(printed(made), "source")).toEqual([]);
    expect(leaks(printed(made.source.status), "{")).toEqual([]);
    expect(leaks(printed(current), "x-origin-secret")).toEqual([]);
    expect(leaks(policyText(current), "x-origin-secret")).toEqual([]);
  });

  test("a compiled policy, with a secret, two that rotate, and one for two machines", () => {
    for (const equals of [SECRET, [SECRET, "the-old-secret"]]) {
      for (const machines of [1, 2]) {
        const policy = compilePolicy({ ...RULE, with: { header: "x-origin-secret", equals, machines } });
        expect(leaks(printed(policy), "x-origin-secret")).toEqual([]);
        expect(leaks(policyText(policy), "x-origin-secret")).toEqual([]);
      }
    }
  });

  test("the answer to a request, with the right secret and with a wrong one", () => {
    const policy = compilePolicy({ ...RULE, with: { header: "x-origin-secret", equals: SECRET } });
    for (const told of [SECRET, `${SECRET}!`, "wrong"]) {
      const headers = { "x-forwarded-for": "203.0.113.7", "x-origin-secret": told };
      const connection = { transport: "tcp", peer: "10.0.0.1", peerPort: 1, claims: [] } as const;
      const resolution = resolve({ connection, headers, rawHeaders: Object.entries(headers).flat() }, policy);
      expect(resolution.client?.address).toBe(told === SECRET ? "203.0.113.7" : "10.0.0.1");
      expect(leaks(JSON.stringify(resolution), "10.0.0.1")).toEqual([]);
      expect(leaks(inspect(resolution.warnings, { depth: Infinity }), "[")).toEqual([]);
      expect(leaks(inspect(resolution.hops, { depth: Infinity }), "10.0.0.1")).toEqual([]);
    }
  });

  test.each([
    ["written into settings", { ...RULE, with: { ...DEMAND, equals: SECRET } }],
    ["written into a list of settings", { ...RULE, with: { ...DEMAND, equals: [SECRET] } }],
    [
      "as a reference with another key beside it",
      { ...RULE, with: { ...DEMAND, equals: { env: "A", value: SECRET } } },
    ],
    ["under a misspelt key", { ...RULE, with: { header: "x-origin-secret", equal: SECRET } }],
    ["as the whole demand", { ...RULE, with: SECRET }],
    ["in a list as the demand", { ...RULE, with: [SECRET] }],
    ["under an unknown key of the demand", { ...RULE, with: { ...DEMAND, secret: SECRET } }],
    ["as the header's name", { ...RULE, with: { header: `x ${SECRET}`, equals: { env: "ORIGIN_SECRET" } } }],
    ["as the count of machines", { ...RULE, with: { ...DEMAND, machines: SECRET } }],
    ["as a certificate's word", { ...RULE, with: { certificate: SECRET } }],
    ["of a preset", { rules: [{ preset: "cloudflare", with: { header: "x-origin-secret", equal: SECRET } }] }],
  ])("the refusal of a secret %s", (_, policy) => {
    const error = thrownBy(() => settings(policy));
    expect(error).toMatchObject({ code: expect.stringMatching(/^ERR_WHEREFROM_/) as string });
    expect(leaks(printed(error), "ERR_WHEREFROM_")).toEqual([]);
  });

  test.each([
    ["a misspelt key", { ...RULE, with: { header: "x-origin-secret", equal: SECRET } }],
    ["a text in the place of the demand", { ...RULE, with: SECRET }],
    ["a demand of two kinds", { ...RULE, with: { header: "x", equals: SECRET, certificate: "authorized" } }],
    ["a list of lists", { ...RULE, with: { header: "x-origin-secret", equals: [[SECRET]] } }],
    ["an object in the place of the text", { ...RULE, with: { header: "x-origin-secret", equals: { value: SECRET } } }],
    ["a wrong header", { ...RULE, with: { header: "x origin", equals: SECRET } }],
    ["the secret as the header and the header as the secret", { ...RULE, with: { header: SECRET, equals: "x" } }],
    ["a wrong count of machines", { ...RULE, with: { header: "x-origin-secret", equals: SECRET, machines: 0 } }],
    ["an unknown key beside it", { ...RULE, with: { header: "x-origin-secret", equals: SECRET, [SECRET]: 1 } }],
    ["a demand without a carrier", { trust: ["10.0.0.0/8"], with: { header: "x-origin-secret", equals: SECRET } }],
    ["a demand at a claim", { trust: ["10.0.0.0/8"], from: "toa", withs: { header: "x", equals: SECRET } }],
  ])("the refusal by compilePolicy of %s", (_, options) => {
    const error = thrownBy(() => compilePolicy(options as never));
    expect(leaks(printed(error), "ERR_WHEREFROM_")).toEqual([]);
  });

  test("settings that are no JSON, cut at every character", () => {
    const text = JSON.stringify({ policy: { ...RULE, with: { ...DEMAND, equals: SECRET } } });
    for (let length = 1; length < text.length; length++) {
      expect(leaks(printed(thrownBy(() => settingsFromText(text.slice(0, length)))), "ERR_WHEREFROM_")).toEqual([]);
      const inserted = `${text.slice(0, length)}!${text.slice(length)}`;
      expect(leaks(printed(thrownBy(() => settingsFromText(inserted))), "ERR_WHEREFROM_")).toEqual([]);
    }
  });

  test("a policy of one text that is refused", () => {
    for (const text of [`trust=10.0.0.0/8 from=x-forwarded-for with=${SECRET}`, `trust=10.0.0.0/8 secret=${SECRET}`]) {
      const error = thrownBy(() => policyFromEnv(text));
      expect(leaks(printed(error), "ERR_WHEREFROM_")).toEqual([]);
    }
  });

  test("a secret that cannot be read, and what is written about it", () => {
    const spy = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    onTestFinished(() => spy.mockRestore());
    for (const env of [{}, { ORIGIN_SECRET: "" }, { ORIGIN_SECRE: SECRET }, { ORIGIN_SECRET: "short" }])
      expect(leaks(printed(thrownBy(() => settings({ ...RULE, with: DEMAND }, env))), "ERR_WHEREFROM_")).toEqual([]);
    expect(printed(spy.mock.calls)).not.toContain(SECRET);
  });
});
