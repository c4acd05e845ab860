import { describe, expect, test } from "vitest";
import { escapedText, jsonLine, replaceInvisible } from "./invisible.ts";

/** Every code unit from the first to the last. */
const units = (first: number, last = first): string =>
  String.fromCharCode(...Array.from({ length: last - first + 1 }, (_, index) => first + index));

describe.each([
  ["C0", units(0x00, 0x1f)],
  ["DEL", units(0x7f)],
  ["C1", units(0x80, 0x9f)],
  ["the soft hyphen", units(0xad)],
  ["the Arabic letter mark", units(0x61c)],
  ["zero-width characters and direction marks", units(0x200b, 0x200f)],
  ["separators of lines and paragraphs", units(0x2028, 0x2029)],
  ["embeddings and overrides of direction", units(0x202a, 0x202e)],
  ["the word joiner, invisible operators and isolates of direction", units(0x2060, 0x206f)],
  ["the byte order mark", units(0xfeff)],
])("%s", (_, characters) => {
  test("are replaced one by one", () => {
    expect(replaceInvisible(`a${characters}b`, () => "#")).toBe(`a${"#".repeat(characters.length)}b`);
  });

  test("stand in JSON as escapes, and are the same text afterwards", () => {
    const line = jsonLine({ text: characters });
    expect(line).toMatch(/^[ -~]+$/);
    expect(JSON.parse(line)).toEqual({ text: characters });
  });
});

test("a half of a surrogate pair is invisible, a whole pair is a character", () => {
  expect(replaceInvisible("\ud83d|\ude00|\u{1f600}", (code) => code.toString(16))).toBe("d83d|de00|\u{1f600}");
  expect(jsonLine("\ud83d\u{1f600}")).toBe('"\\ud83d\u{1f600}"');
});

test("letters of all scripts, and spaces, stay as they are", () => {
  const text = "a é ß 中 ش हिन्दी \u00a0\u3000";
  expect(replaceInvisible(text, () => "#")).toBe(text);
});

test("an escape has at least two digits", () => {
  expect(escapedText("\n\u001b[31m\u009b\u2028")).toBe("\\x0a\\x1b[31m\\x9b\\x2028");
});
