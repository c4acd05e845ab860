import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { explainImport, LAYERS } from "../../../scripts/lint/layers.mjs";

const folders = (name: string): string[] =>
  readdirSync(new URL(`../../../packages/${name}/src/`, import.meta.url), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath }) => parentPath.split("/src/")[1]?.replace(/\/$/, "") || ".");

describe("the folders of packages are layers", () => {
  test.each(Object.entries(LAYERS))("%s: the table names each folder that has files, and no other", (name, table) => {
    expect(Object.keys(table).toSorted()).toEqual([...new Set(folders(name))].toSorted());
  });

  test.each([
    ["packages/core/src/address/reader.ts", "../prefix/prefix.ts", "core/src/address may import options, not prefix"],
    ["packages/core/src/policy/demand.ts", "../walk/walk.ts", /^core\/src\/policy may import .*, not walk /],
    ["packages/core/src/address/reader.ts", "node:fs", "of Node, core imports nothing"],
    [
      "packages/core/src/index.ts",
      "@wherefrom/net",
      "packages/core/package.json does not name @wherefrom/net as a dependency",
    ],
    ["packages/koa/src/client.ts", "@wherefrom/express", /does not name @wherefrom\/express as a dependency/],
    ["packages/net/src/index.ts", "../../core/src/index.ts", /a path out of src leads into another package/],
    ["packages/dgram/src/index.ts", "@wherefrom/net", "dgram imports @wherefrom/net/internal, not @wherefrom/net"],
  ])("%s may not import %s", (file, source, why) => {
    expect(explainImport(file, source)).toMatch(why);
  });

  test.each([
    ["packages/core/src/walk/walk.ts", "../policy/policy.ts"],
    ["packages/core/src/index.ts", "./resolution/resolution.ts"],
    ["packages/core/src/policy/policy.test.ts", "../walk/walk.ts"],
    ["packages/express/src/wherefrom.ts", "express"],
    ["packages/cli/src/main.ts", "@wherefrom/audit"],
  ])("%s may import %s", (file, source) => {
    expect(explainImport(file, source)).toBeUndefined();
  });
});
