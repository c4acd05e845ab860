import { readFileSync } from "node:fs";
import { join } from "node:path";
import { AUDIT_EVENT_NAMES } from "@wherefrom/audit";
import { ERROR_CODES } from "@wherefrom/core";
import { afterAll, describe, expect, test } from "vitest";
import { readCommands } from "../../../scripts/reference/command-line.mjs";
import { docOfDeclaration, membersOf } from "../../../scripts/reference/declaration.mjs";
import { type Export, publishedExports } from "../../../scripts/reference/layout.mjs";
import { isPreset } from "../../../scripts/reference/presets.mjs";
import { SAMPLE_PLACE, SAMPLE_REQUEST, SAMPLE_SURGE, sampleRecord } from "../../../scripts/reference/sample-record.mjs";
import { publishedEntries } from "../../../scripts/reference/source.mjs";
import { referencePages } from "../../../scripts/reference/write.mjs";
import { PACKAGES, removeFiles } from "../options/exports.ts";
import { ROOT } from "./page.ts";

const pageOf = (name: string): string => readFileSync(join(ROOT, "docs", "reference", `${name}.md`), "utf8");

/** What stands under a heading, up to the next one; undefined without such a heading. */
function chapterOf(page: string, heading: string): string | undefined {
  const chapters = pageOf(page).split(/^#+ /m);
  const found = chapters.find((text) => text.split("\n", 1)[0]?.replaceAll("`", "") === heading);
  return found?.slice(found.indexOf("\n"));
}

/** Options of node:dgram, which go on to it: the page names the type that has them. */
const NODE_OPTIONS: readonly string[] = [
  "type",
  "reuseAddr",
  "ipv6Only",
  "recvBufferSize",
  "sendBufferSize",
  "lookup",
  "signal",
];

const exported = publishedExports();
const own = exported.filter(({ isOwn }) => isOwn);
const declared = (name: string): Export["declaration"] => exported.find((each) => each.name === name)!.declaration;
const titled = (some: readonly Export[]): [string, Export][] =>
  some.map((each) => [`${each.specifier} ${each.name}`, each]);

afterAll(removeFiles);

test("every generated page is what the sources say: where one is not, run `npm run reference`", async () => {
  const pages = await referencePages();
  expect(
    [...pages].filter(([path, text]) => readFileSync(join(ROOT, path), "utf8") !== text).map(([path]) => path),
  ).toEqual([]);
});

describe("exports", () => {
  // What acts when it is loaded ends a process that was not prepared for it: test/conformance/auto loads that.
  const loadable = publishedEntries().filter(({ acts }) => !acts);
  test.each(loadable.map(({ specifier }) => specifier))(
    "every value that %s has at run time is in the reference",
    async (specifier) => {
      const values = Object.keys((await import(specifier)) as object);
      const known = exported.filter((each) => each.specifier === specifier).map(({ name }) => name);
      expect(values.filter((name) => !known.includes(name))).toEqual([]);
    },
  );

  test.each(titled(own))(
    "%s has a heading, and all of its members stand under it",
    (_, { name, page, declaration }) => {
      const chapter = chapterOf(page, name);
      expect(chapter).toBeDefined();
      const members = membersOf(declaration).map(({ signature }) => signature);
      const quoted = (signature: string): string =>
        signature.includes("`") ? `\`\`${signature}\`\`` : `\`${signature}\``;
      expect(members.filter((signature) => !chapter?.includes(`- ${quoted(signature)}`))).toEqual([]);
    },
  );

  test.each(titled(exported.filter(({ isOwn }) => !isOwn)))(
    "%s is named as exported from there",
    (_, { name, page }) => {
      expect(pageOf(page)).toContain(`[\`${name}\`](`);
    },
  );

  test("says of each export what it is", () => {
    expect(own.filter(({ declaration }) => docOfDeclaration(declaration) === "").map(({ name }) => name)).toEqual([]);
  });
});

describe("options", () => {
  const taken = own.filter(({ name }) => name.endsWith("Options"));

  test.each(titled(taken))("%s says of each option what it does", (_, { declaration }) => {
    expect(membersOf(declaration).filter(({ doc }) => doc === "")).toEqual([]);
  });

  test.each(Object.entries(PACKAGES))("each option that a call of %s accepts is in the reference", (_, [, takers]) => {
    const text = [...new Set(exported.map(({ page }) => page))].map(pageOf).join("\n");
    const subjects = Object.values(takers).flatMap((taker) =>
      typeof taker === "string" ? [] : Object.values(taker.subjects ?? {}),
    );
    const names = new Set(subjects.flatMap(({ options }) => Object.keys(options)));
    const missing = [...names].filter((name) => !new RegExp(`^ *(?:- \`+ ?)?${name}\\??: `, "m").test(text));
    expect(missing.filter((name) => !NODE_OPTIONS.includes(name))).toEqual([]);
  });

  test("of a policy has a chapter with a program each", () => {
    const names = ["TrustOptions", "HopOptions", "RulesOptions", "RuleOptions"].flatMap((name) =>
      membersOf(declared(name)).map((member) => member.name),
    );
    expect([...new Set(names)].filter((name) => !chapterOf("policy", name)?.includes("```ts\n"))).toEqual([]);
  });
});

test.each(titled(own.filter(isPreset)))("the preset %s says what it trusts, reads and demands", (_, { name }) => {
  const parts = [...(chapterOf("presets", name) ?? "").matchAll(/^- (\w+)(?:, host and port)?: ./gm)].map(
    ([, part]) => part,
  );
  expect(parts).toEqual(expect.arrayContaining(["Trusts", "Reads", "Protocol", "Ranges", "Demands"]));
});

test("there are as many presets as functions of @wherefrom/core/presets that answer a rule", async () => {
  const functions = Object.keys(await import("@wherefrom/core/presets")).filter((name) => name !== "parseRangeTable");
  expect(
    own
      .filter(isPreset)
      .map(({ name }) => name)
      .toSorted(),
  ).toEqual(functions.toSorted());
});

test.each(AUDIT_EVENT_NAMES)("the event %s has a heading", (name) => {
  expect(chapterOf("audit-events", name)).toContain(`wherefrom:${name}`);
});

test.each<[string, object]>([
  ["AuditRecord", sampleRecord("client.resolved")],
  ["AuditRequest", SAMPLE_REQUEST],
  ["Place", SAMPLE_PLACE],
  ["Surge", SAMPLE_SURGE],
  ["AuditUser", sampleRecord("client.resolved").user],
  ["ConfigWarning", sampleRecord("config.warning").warning],
])("the fields of every format are read from a complete %s", (name, sample) => {
  expect(Object.keys(sample).toSorted()).toEqual(
    membersOf(declared(name))
      .map((member) => member.name)
      .toSorted(),
  );
});

test.each(Object.keys(ERROR_CODES))("the code %s has a heading", (code) => {
  expect(chapterOf("errors", code)).toBeDefined();
});

test("every command has a heading with its options", async () => {
  const { commands } = await readCommands();
  expect(commands.length).toBeGreaterThan(0);
  for (const { name, options } of commands) {
    const chapter = chapterOf("cli", `wherefrom ${name}`);
    expect(options.filter(([option]) => !chapter?.includes(`- \`${option}\`: `))).toEqual([]);
  }
});
