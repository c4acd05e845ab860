import { expect, test } from "vitest";
import { readPages } from "./page.ts";

/** Characters of a table's cell that a reader takes in at one look. Where there is more to say, it is a paragraph. */
const CELL_LIMIT = 120;
const LANGUAGES = new Set(["ts", "typescript", "js", "sh", "text", "json", "yaml", "sql", "nginx", "haproxy", "ini"]);

/** What users read. Results of runs are written by suites, and their rows are as long as what was seen. */
const pages = readPages().filter(({ path }) => /^(?:README|SECURITY|CONTRIBUTING)\.md$|^docs\/|^packages\//.test(path));

test.each(pages)("no cell of a table in $path is longer than 120 characters", ({ cells }) => {
  expect(cells.filter((cell) => cell.length > CELL_LIMIT)).toEqual([]);
});

test.each(pages)("each code block of $path says its language", ({ blocks }) => {
  expect(blocks.filter(({ language }) => !LANGUAGES.has(language))).toEqual([]);
});
