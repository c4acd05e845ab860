import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { publicPackages } from "../../../scripts/packages.mjs";

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, "..", "..", "..");
const CHANGESET = join(ROOT, "node_modules", "@changesets", "cli", "bin.js");
const COMMIT_LINK = /\(\[([0-9a-f]{7})\]\(https:\/\/github\.com\/wherefrom\/wherefrom\/commit\/\1[0-9a-f]{33}\)\)/;

interface Manifest {
  readonly version: string;
  readonly files: readonly string[];
}

const packages = publicPackages();

/** A change of two packages, one of which is a peer of a third. There is one at all times, also just behind a release. */
const CHANGE = '---\n"@wherefrom/core": minor\n"@wherefrom/native": minor\n---\n\nA change.\n\nIts second paragraph.\n';

/** A commit with what a release reads, in which the changesets became versions. */
let release: string;
let isMajor: boolean;
const textOf = (...path: readonly string[]): string => readFileSync(join(release, ...path), "utf8");
const manifestOf = (directory: string): Manifest => JSON.parse(textOf(directory, "package.json")) as Manifest;

beforeAll(async () => {
  release = mkdtempSync(join(tmpdir(), "wherefrom-release-"));
  const { stdout } = await run("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], { cwd: ROOT });
  const wanted = stdout
    .split("\0")
    .filter((path) => /^\.changeset\/|(?:^|\/)(?:package\.json|CHANGELOG\.md)$|^pnpm-/.test(path));
  for (const path of wanted) {
    mkdirSync(dirname(join(release, path)), { recursive: true });
    cpSync(join(ROOT, path), join(release, path));
  }
  writeFileSync(join(release, ".changeset", "of-this-test.md"), CHANGE);
  isMajor = wanted.some((path) => path.startsWith(".changeset/") && /^"[^"]+": major$/m.test(textOf(path)));
  const author = ["-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"];
  await run("git", ["init", "--quiet", "--initial-branch=main"], { cwd: release });
  await run("git", ["add", "."], { cwd: release });
  await run("git", [...author, "commit", "--quiet", "--message=all"], { cwd: release });
  await run(process.execPath, [CHANGESET, "version"], { cwd: release });
});
afterAll(() => rmSync(release, { recursive: true, force: true }));

test("a release gives all packages one version, a major one only where a changeset says so", () => {
  const { version: before } = JSON.parse(
    readFileSync(join(ROOT, "packages", "core", "package.json"), "utf8"),
  ) as Manifest;
  const [major, minor] = before.split(".").map(Number) as [number, number];
  const next = isMajor ? `${major + 1}.0.0` : `${major}.${minor + 1}.0`;
  expect(new Set(packages.map(({ directory }) => manifestOf(directory).version))).toEqual(new Set([next]));
});

test.each(packages.map(({ name, directory }) => [name, directory]))(
  "the change log of %s has the new version, its lines lead to their commits, and it is packed",
  (name, directory) => {
    const { version, files } = manifestOf(directory);
    const text = textOf(directory, "CHANGELOG.md");
    expect(text.startsWith(`# ${name}\n\n## ${version}\n`)).toBe(true);
    const entries = text.match(/^- /gm) ?? [];
    const links = text.match(new RegExp(COMMIT_LINK, "g")) ?? [];
    expect(links.length).toBe(entries.length);
    expect(text.trimEnd().split("\n").at(-1)).toContain("docs/reference/versions.md");
    expect(files).toContain("CHANGELOG.md");
  },
);

test("an entry of several paragraphs is one item of the list, with its link at the end", () => {
  const text = textOf("packages", "core", "CHANGELOG.md");
  expect(text).toMatch(new RegExp(`^- A change\\.\\n\\n  Its second paragraph\\. ${COMMIT_LINK.source}$`, "m"));
});
