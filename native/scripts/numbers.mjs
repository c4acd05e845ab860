// npm run numbers: what addon/numbers.h says, for JavaScript: numbers.js with its types, and a file for each package that a section of it names. All are committed.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ADDON_SOURCES, NATIVE } from "./build.mjs";

const HEADER = join(ADDON_SOURCES, "numbers.h");
const ROOT = join(NATIVE, "..");
const MADE = "// Made of native/addon/numbers.h by native/scripts/numbers.mjs (npm run numbers): do not edit.";

/** Lines of the header: a section with the files that it goes to, a comment, a number. */
const SECTION = /^\/\* == [^:]*(?:: (?<files>.+))? \*\/$/;
const COMMENT = /^\/\* (?<comment>.+) \*\/$/;
const NUMBER =
  /^#define (?:WHEREFROM_)?(?<name>[A-Z][A-Z0-9_]*) (?:(?<value>0|[1-9]\d*|0x[0-9a-f]+)|\((?<negative>-\d+)\))$/;

/** The numbers of the header's text in its order, with the comment right above them. Throws where a line is none of those that it may have. */
export function parseNumbers(text) {
  const body = /^\/\* == [^]*?(?=^#endif$)/m.exec(text)?.[0];
  if (body === undefined) throw new Error("numbers.h has no section: write /* == TITLE: FILE */");
  const numbers = [];
  let files = [];
  let comment;
  for (const line of body.split("\n")) {
    const section = SECTION.exec(line);
    const number = NUMBER.exec(line);
    if (section !== null) files = section.groups.files?.split(", ") ?? [];
    else if (number !== null) {
      const { name, value, negative } = number.groups;
      numbers.push({ name, value: value ?? negative, comment, files });
    } else if (line !== "" && !COMMENT.test(line)) {
      throw new Error(`numbers.h: write a comment of one line or #define NAME VALUE in the place of ${line}`);
    }
    comment = section === null ? COMMENT.exec(line)?.groups.comment : undefined;
  }
  return numbers;
}

/** Paths of the files that are made, and their texts. */
export function madeFiles(numbers = parseNumbers(readFileSync(HEADER, "utf8"))) {
  const declare = (keyword, separator, those) =>
    those.flatMap(({ name, value, comment }) => [
      ...(comment === undefined ? [] : [`/** ${comment} */`]),
      `export ${keyword} ${name}${separator}${value};`,
    ]);
  const packages = [...new Set(numbers.flatMap(({ files }) => files))];
  const entries = numbers.map(({ name, value }) => `  ${name}: ${value},`);
  const texts = [
    [join(NATIVE, "numbers.js"), [MADE, '"use strict";', "", "module.exports = {", ...entries, "};"]],
    [join(NATIVE, "numbers.d.ts"), [MADE, ...declare("declare const", ": ", numbers)]],
    ...packages.map((path) => [
      join(ROOT, path),
      [
        MADE,
        "",
        ...declare(
          "const",
          " = ",
          numbers.filter(({ files }) => files.includes(path)),
        ),
      ],
    ]),
  ];
  return texts.map(([path, lines]) => ({ path, text: `${lines.join("\n")}\n` }));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const { path, text } of madeFiles()) {
    writeFileSync(path, text);
    console.log(path);
  }
}
