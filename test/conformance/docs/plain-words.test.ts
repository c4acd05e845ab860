import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { MARKER } from "../../../scripts/reference/page.mjs";
import { readPages, ROOT } from "./page.ts";

/** The subject of a sentence is a part of the system: a proxy, a client, the kernel, an option. */
const PERSONS = /\b(?:nobody|somebody|whoever|anybody)\b/i;

/** Most sentences that may have one of these. The number only goes down. */
const SENTENCE_LIMIT = 20;

/** What is read: pages as they are written by hand, and the sources without tests. */
function texts(): readonly (readonly [path: string, text: string])[] {
  const pages = readPages()
    .map(({ path }) => path)
    .filter((path) => /^(?:README|CONTRIBUTING|SECURITY)\.md$|^docs\//.test(path));
  const sources = readdirSync(join(ROOT, "packages"), { recursive: true, encoding: "utf8" })
    .filter((file) => /^\w+\/src\/.*\.ts$/.test(file) && !/\.test(?:-d)?\.ts$/.test(file))
    .map((file) => join("packages", file));
  return [...pages, ...sources].map((path) => {
    const [written = ""] = readFileSync(join(ROOT, path), "utf8").split(MARKER);
    return [path, written] as const;
  });
}

test(`at most ${SENTENCE_LIMIT} sentences are about nobody, somebody, whoever or anybody`, () => {
  const found = texts().flatMap(([path, text]) =>
    text
      // Comments go on in the next line, behind an asterisk.
      .replaceAll(/\n\s*(?:\*|\/\/) ?/g, " ")
      .split(/[.!?](?=\s|$)|\n{2,}|\n(?=[-|#])|;\n/)
      .filter((sentence) => PERSONS.test(sentence))
      .map((sentence) => `${path}: ${sentence.trim()}`),
  );
  expect(found.length > SENTENCE_LIMIT ? found : []).toEqual([]);
});
