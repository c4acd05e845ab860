import { spawnSync } from "node:child_process";
import { afterAll, describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { type CodeBlock, codeBlocks, pages } from "./code-block.ts";
import { compileBlocks, removePrograms, runBlock } from "./docs-program.ts";

const blocks: readonly CodeBlock[] = pages().flatMap((page) => codeBlocks(page));
const titled = (some: readonly CodeBlock[]): [string, CodeBlock][] =>
  some.map((block) => [`${block.page}:${block.line}`, block]);
const inLanguage = (...languages: readonly string[]): CodeBlock[] =>
  blocks.filter(({ language }) => languages.includes(language));

/** Programs that show a mistake: "Typed:" stands before them, and "Seen:" before what they throw. */
const isMistake = ({ intro }: CodeBlock): boolean => intro.endsWith("Typed:");
const programs = inLanguage("ts", "js").filter((block) => !isMistake(block));
const mistakes = inLanguage("ts", "js").filter(isMistake);
const seenOf = (block: CodeBlock): string | undefined => {
  const next = blocks[blocks.indexOf(block) + 1];
  return next?.intro.endsWith("Seen:") === true ? next.text.trim() : undefined;
};

/** What a program needs that is not here, by what stands in it. These are compiled, and not run. */
const NEEDS: readonly (readonly [pattern: RegExp, reason: string])[] = [
  [/"(?:\/var\/lib\/geo\/)?GeoLite2-City\.mmdb"/, "a database of MaxMind; and for the error that maxmind is missing"],
  [/connectWithProxyHeader\(\{ host: "127\.0\.0\.1", port: 3000/, "a server on port 3000 that reads PROXY headers"],
  [/"\/etc\/myservice\//, "a file of the service"],
  [/\b(?:vendorList|dnsList)\("/, "a list on the Internet, or a name in a cluster"],
  [/\bdeclare const \w+: RedisClient\b/, "a client of a running Redis"],
];
const needOf = ({ text }: CodeBlock): string | undefined => NEEDS.find(([pattern]) => pattern.test(text))?.[1];

afterAll(removePrograms);

test("every block says its language", () => {
  const known = [
    "ts",
    // Signatures that `npm run reference` has taken from the sources: no programs.
    "typescript",
    "ini",
    "js",
    "sh",
    "json",
    "yaml",
    "text",
    "nginx",
    "haproxy",
    "apache",
    "sql",
    "c",
    "dockerfile",
    "html",
    "csv",
  ];
  expect(blocks.filter(({ language }) => !known.includes(language)).map(({ page, line }) => `${page}:${line}`)).toEqual(
    [],
  );
});

describe("programs", () => {
  const complaints = compileBlocks([...programs, ...mistakes]);

  test.each(titled(programs))("%s compiles", (_, block) => {
    expect(complaints.get(block) ?? []).toEqual([]);
  });

  test.each(titled(programs.filter((block) => needOf(block) === undefined)))("%s runs", async (_, block) => {
    await expect(runBlock(block)).resolves.toBeUndefined();
  });
});

/** The port of a client is another one in each run, and the documented one comes from elsewhere. */
const withoutEndpoints = (text: string): string =>
  text.replaceAll(/\[?(?:::ffff:)?\d+(?:\.\d+){3}\]?:\d+/g, "ENDPOINT");

test.each(titled(mistakes.filter((block) => needOf(block) === undefined)))(
  "%s fails as it is documented",
  async (_, block) => {
    const failure = await runBlock(block).then(() => "it did not fail", String);
    expect(withoutEndpoints(failure)).toContain(withoutEndpoints(seenOf(block) ?? "a block that says what is seen"));
  },
);

test.each(titled(inLanguage("json")))("%s is JSON", (_, { text }) => {
  expect(() => void JSON.parse(text)).not.toThrow();
});

test.each(titled(inLanguage("yaml")))("%s is YAML", (_, { text }) => {
  expect(parseAllDocuments(text).flatMap(({ errors }) => errors)).toEqual([]);
});

test.each(titled(inLanguage("sh")))("%s is understood by a shell", (_, { text }) => {
  expect(spawnSync("bash", ["-n"], { input: text, encoding: "utf8" }).stderr).toBe("");
});
