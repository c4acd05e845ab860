import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { isAbsence, requireOptional } from "./optional-package.ts";

let directory: string;
beforeEach(() => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), "wherefrom-optional-")));
});
afterEach(() => rmSync(directory, { recursive: true }));

function install(place: string, name: string, text: string): void {
  mkdirSync(join(directory, place, "node_modules", name), { recursive: true });
  writeFileSync(join(directory, place, "node_modules", name, "index.js"), text);
}

const at = (place: string) => (): string => join(directory, place, "file.js");
const take =
  (name: string) =>
  (require: NodeJS.Require): unknown =>
    require(name);
const errorOf = (call: () => unknown): unknown => {
  try {
    return call();
  } catch (error) {
    return error;
  }
};

/** A file of a bundle has no place of its own. */
const nowhere = (): string => {
  throw new ReferenceError("__filename is not defined");
};

test("a package beside the file that asks is taken before one beside the program", () => {
  install("own", "both", "module.exports = 1");
  install("program", "both", "module.exports = 2");
  runAs("program");
  expect(requireOptional(at("own"), take("both"))).toBe(1);
});

test("in a bundle it is taken from beside the program, else from the working directory", () => {
  install("program", "first", "module.exports = 1");
  install("working", "second", "module.exports = 2");
  runAs("program");
  vi.spyOn(process, "cwd").mockReturnValue(join(directory, "working"));
  onTestFinished(() => void vi.restoreAllMocks());
  expect(requireOptional(nowhere, take("first"))).toBe(1);
  expect(requireOptional(nowhere, take("second"))).toBe(2);
});

test("a package that is there and broken is the reason, and none farther away is tried", () => {
  install("own", "broken", "throw new Error('no library')");
  install("program", "broken", "module.exports = 2");
  runAs("program");
  expect(() => requireOptional(at("own"), take("broken"))).toThrow("no library");
});

test("one that is nowhere is absent, for a program without a path as well", () => {
  for (const program of ["-", undefined]) {
    setProgram(program);
    const error = errorOf(() => requireOptional(at("own"), take("wherefrom-is-nowhere")));
    expect([program, isAbsence(error)]).toEqual([program, true]);
  }
});

function runAs(place: string): void {
  setProgram(at(place)());
}

function setProgram(path: string | undefined): void {
  const [node = "", ...before] = process.argv;
  process.argv = path === undefined ? [node] : [node, path];
  onTestFinished(() => void (process.argv = [node, ...before]));
}
