import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { CAUSES } from "./cause.ts";

describe("docs/reference/doctor.md", () => {
  const page = readFileSync(new URL("../../../../docs/reference/doctor.md", import.meta.url), "utf8");
  const chapters = new Map(
    page
      .split(/^### /m)
      .slice(1)
      .map((text) => [text.slice(0, text.indexOf("\n")), text.split(/^## /m)[0]?.replaceAll(/\s+/g, " ")] as const),
  );

  test("has a heading for each cause, and no other", () => {
    expect([...chapters.keys()].toSorted()).toEqual(Object.keys(CAUSES).toSorted());
  });

  test.each(Object.entries(CAUSES))(
    "says of %s what it is, where it was seen, and the fix",
    (code, { meaning, fix }) => {
      const chapter = chapters.get(code) ?? "";
      expect(chapter.replace(" For example: ", " Seen: ")).toContain(` ${meaning} Seen: `);
      expect(chapter.includes(" Fix: ")).toBe(fix !== undefined);
      expect(chapter).toContain(fix ?? meaning);
    },
  );

  test("lists errors, then warnings, then notes", () => {
    const ranks = [...chapters.keys()].map((code) =>
      ["error", "warning", "note"].indexOf(CAUSES[code as "no-answer"].severity),
    );
    expect(ranks).toEqual(ranks.toSorted((one, other) => one - other));
  });
});
