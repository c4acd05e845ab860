import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { adapters, publicPackages } from "../../../scripts/packages.mjs";

const at = (path: string): URL => new URL(`../../../${path}`, import.meta.url);

describe.each(adapters().map((adapter) => [adapter.name, adapter.short] as const))("%s", (_name, short) => {
  test.each([
    ["runs the suite of all adapters", `test/conformance/adapters/${short}.test.ts`, "describeAdapter("],
    ["is measured beside its framework", `bench/served/${short}.mjs`, "export const SETTING"],
    ["has the service of examples/whoami", `examples/whoami/${short}.mjs`, "/whoami"],
    ["stands in the README's table", "README.md", `[\`@wherefrom/${short}\`](packages/${short})`],
  ])("%s: %s", (_title, path, text) => {
    expect(existsSync(at(path)), `${path} is missing`).toBe(true);
    expect(readFileSync(at(path), "utf8")).toContain(text);
  });
});

test("every package is built by the root's tsconfig.json", () => {
  const { references } = JSON.parse(readFileSync(at("tsconfig.json"), "utf8")) as { references: { path: string }[] };
  const built = publicPackages().filter(({ directory }) => existsSync(at(`${directory}/tsconfig.json`)));
  expect(references.map(({ path }) => path).toSorted()).toEqual(built.map(({ directory }) => directory).toSorted());
});
