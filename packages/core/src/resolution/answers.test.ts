import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { DISTRUSTS, STOPS } from "../evidence/claim.ts";
import { WARNING_CODES } from "./warning.ts";

const documentation = readFileSync(new URL("../../../../docs/reference/answers.md", import.meta.url), "utf8");

/** The headings in a chapter of docs/reference/answers.md. */
function documented(heading: string): string[] {
  const chapter = documentation.split(/^## /m).find((text) => text.startsWith(`${heading}\n`)) ?? "";
  return [...chapter.matchAll(/^### `([a-z-]+)`$/gm)].map(([, word]) => word as string);
}

describe("docs/reference/answers.md has a heading for each word, in the order of the source, and no other", () => {
  test("stops", () => expect(documented("Stops")).toEqual([...STOPS]));
  test("verdicts", () => expect(documented("Verdicts")).toEqual([...DISTRUSTS]));
  test("warnings", () => expect(documented("Warnings")).toEqual([...WARNING_CODES]));
});

test("each word of docs/reference/answers.md says what was seen, why, and what to do", () => {
  const chapters = documentation.split(/^#+ /m).filter((text) => text.startsWith("`"));
  expect(chapters.length).toBe(STOPS.length + DISTRUSTS.length + WARNING_CODES.length);
  const shape = /^`[a-z-]+`\n\n(?!Why|What)\S[\s\S]*?\n\nWhy: \S[\s\S]*?\n\nWhat to do: \S/;
  expect(chapters.filter((text) => !shape.test(text))).toEqual([]);
});
