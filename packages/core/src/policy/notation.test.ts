import { describe, expect, test } from "vitest";
import { asJson, asWords } from "./notation.ts";

describe("an error says what to write in the notation of the one who wrote", () => {
  test.each([
    [
      'write { trust: ["10.0.0.0/24", "loopback"], from: "x-forwarded-for" }',
      'write { "trust": ["10.0.0.0/24", "loopback"], "from": "x-forwarded-for" }',
      'write "trust=10.0.0.0/24,loopback from=x-forwarded-for"',
    ],
    ["write { trust: [] }", 'write { "trust": [] }', 'write "trust=nobody"'],
    ["or originIsPrivate: true", 'or "originIsPrivate": true', "or originIsPrivate=true"],
    [
      "write with: { header, equals }",
      'write "with": { "header": …, "equals": … }',
      'write "with": { "header": …, "equals": … } (which takes JSON: {"trust": …})',
    ],
    ['"trust" is not a key', '"trust" is not a key', '"trust" is not a key'],
  ])("%s", (detail, json, words) => {
    expect(asJson(detail)).toBe(json);
    expect(asWords(detail)).toBe(words);
  });
});
