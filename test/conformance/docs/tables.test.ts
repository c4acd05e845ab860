import { readdirSync, readFileSync } from "node:fs";
import { DATAGRAM_PREFIXES, KNOWN_HEADERS, UDP_PRODUCT_NAMES } from "@wherefrom/core/internal";
import * as presets from "@wherefrom/core/presets";
import { TOA_PRODUCTS } from "@wherefrom/core/wire";
import { expect, test } from "vitest";

const ROOT = new URL("../../../", import.meta.url);
const PRESETS = new URL("packages/core/src/presets/", ROOT);
const textOf = (path: string): string => readFileSync(new URL(path, ROOT), "utf8");

/** Functions that answer a rule, by the files that they are in. shared-range.ts has what presets are made of. */
const written = readdirSync(PRESETS)
  .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts") && file !== "shared-range.ts")
  .flatMap((file) => [
    ...readFileSync(new URL(file, PRESETS), "utf8").matchAll(/^export function (\w+)\(.*: RuleOptions \{$/gm),
  ])
  .map(([, name]) => name as string);

test("every preset that has a file is exported, and nothing else that makes a rule is", () => {
  const exported = Object.keys(presets).filter((name) => name !== "parseRangeTable");
  expect(written.toSorted()).toEqual(exported.toSorted());
});

test.each(written)("docs/reference/presets.md has a heading for the preset %s", (name) => {
  expect(textOf("docs/reference/presets.md")).toContain(`\n### ${name}\n`);
});

test.each(Object.keys(KNOWN_HEADERS))("docs/reference/policy.md names the header %s", (name) => {
  expect(textOf("docs/reference/policy.md").toLowerCase()).toContain(name);
});

test.each(Object.keys(TOA_PRODUCTS))(
  "docs/guides/toa.md and docs/reference/wire/toa.md name the product %s",
  (name) => {
    expect(textOf("docs/guides/toa.md")).toContain(`\`${name}\``);
    expect(textOf("docs/reference/wire/toa.md")).toContain(`\`${name}\``);
  },
);

test.each([...UDP_PRODUCT_NAMES, ...Object.values(DATAGRAM_PREFIXES).map((format) => format.name)])(
  "docs/guides/udp.md names the format %s",
  (name) => {
    expect(textOf("docs/guides/udp.md")).toMatch(new RegExp(`["\`]${name}["\`]`));
  },
);
