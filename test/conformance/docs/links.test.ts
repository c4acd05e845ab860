import { existsSync } from "node:fs";
import { join, posix } from "node:path";
import { expect, test } from "vitest";
import { type Page, readPages, ROOT } from "./page.ts";

const pages = readPages();
const byPath = new Map(pages.map((page) => [page.path, page]));

/** Pages of packages stand on npm as well, where only whole addresses lead here. */
const PUBLISHED = "https://github.com/wherefrom/wherefrom/blob/main/";
/** Links within the repository, of which the published address is the root. What is elsewhere is not fetched. */
const HERE = new RegExp(`^(?:${PUBLISHED}|(?![a-z][a-z0-9+.-]*:))`, "i");

/** The file that a link of a page leads to, from the root on. */
function fileOf(page: Page, path: string): string {
  if (path.startsWith(PUBLISHED)) return path.slice(PUBLISHED.length);
  return path === "" ? page.path : posix.join(posix.dirname(page.path), path);
}

/** What is wrong with a link of a page, or undefined. */
function faultOf(page: Page, target: string): string | undefined {
  const [path = "", anchor] = decodeURI(target).split("#");
  const file = fileOf(page, path);
  if (!existsSync(join(ROOT, file))) return `${target}: ${file} does not exist`;
  if (anchor === undefined) return undefined;
  const anchors = byPath.get(file)?.anchors;
  return anchors?.has(anchor) === true ? undefined : `${target}: ${file} has no heading #${anchor}`;
}

test.each(pages.filter(({ targets }) => targets.length > 0))(
  "each link of $path within the repository leads to a page and its heading",
  (page) => {
    const inside = page.targets.filter((target) => HERE.test(target));
    expect(inside.map((target) => faultOf(page, target)).filter((fault) => fault !== undefined)).toEqual([]);
  },
);

test("every page under docs can be reached from README.md", () => {
  const seen = new Set<string>();
  const waiting = ["README.md"];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    for (const target of byPath.get(path)?.targets ?? []) {
      const [file = ""] = target.split("#");
      if (HERE.test(target) && file !== "") waiting.push(fileOf(byPath.get(path)!, file));
    }
  }
  expect([...byPath.keys()].filter((path) => path.startsWith("docs/") && !seen.has(path))).toEqual([]);
});

test.each([
  { target: "docs/starts.md", fault: "docs/starts.md does not exist" },
  { target: "docs/start.md#next-steps", fault: "docs/start.md has no heading #next-steps" },
  { target: "#install-it", fault: "README.md has no heading #install-it" },
])("a link of README.md to $target is a fault", ({ target, fault }) => {
  expect(faultOf(byPath.get("README.md")!, target)).toBe(`${target}: ${fault}`);
});
