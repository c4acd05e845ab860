import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { madeFiles, parseNumbers } from "../scripts/numbers.mjs";

describe("numbers that C and JavaScript share", () => {
  test.each(madeFiles())("$path says what addon/numbers.h says; npm run numbers makes it anew", ({ path, text }) => {
    expect(readFileSync(path, "utf8")).toBe(text);
  });

  test("a number has the comment right above it, and goes where its section says", () => {
    const text =
      "/* == A: a.ts, b.ts */\n\n/* Why. */\n#define WHEREFROM_ONE 0x1f\n#define TWO (-2)\n/* == B */\n#define T 3\n#endif\n";
    expect(parseNumbers(text)).toEqual([
      { name: "ONE", value: "0x1f", comment: "Why.", files: ["a.ts", "b.ts"] },
      { name: "TWO", value: "-2", comment: undefined, files: ["a.ts", "b.ts"] },
      { name: "T", value: "3", comment: undefined, files: [] },
    ]);
  });

  test.each([
    "#define SUM (1 + 2)",
    "#define lower 1",
    "enum { A = 1 };",
    "/* two",
    "#define UNSIGNED 1u",
    "#define OCTAL 010",
  ])("%s is refused", (line) => {
    expect(() => parseNumbers(`/* == A */\n${line}\n#endif\n`)).toThrow(`in the place of ${line}`);
  });
});
