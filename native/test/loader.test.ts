import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { NativeStatus } from "../index.js";
import { ADDON, NATIVE } from "../scripts/build.mjs";
import { describeUnless, WAYS } from "./ways.ts";

const PREBUILD = join("prebuilds", `${process.platform}-${process.arch}`, "wherefrom.node");
const BUILD = join("build", "Release", "wherefrom.node");
/** Asks in a process of its own; -9 is EBADF, the answer of every way to descriptor -1. */
const PROGRAM = `
  const { loadNative, nativeStatus } = require("./index.js");
  const status = nativeStatus();
  if (nativeStatus() !== status || loadNative() !== loadNative()) throw new Error("loaded twice");
  console.log(JSON.stringify({ status, answer: loadNative()?.sockets.toaLookup(-1) }));
`;

interface Report {
  readonly status: NativeStatus;
  readonly answer?: number;
}

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "wherefrom-native-"));
  for (const file of ["index.js", "ffi-sockopt.js", "numbers.js"])
    copyFileSync(join(NATIVE, file), join(directory, file));
});
afterEach(() => rmSync(directory, { recursive: true }));

function install(path: string, content?: string): void {
  mkdirSync(dirname(join(directory, path)), { recursive: true });
  if (content === undefined) copyFileSync(ADDON, join(directory, path));
  else writeFileSync(join(directory, path), content);
}

function installFfi(): void {
  mkdirSync(join(directory, "node_modules"));
  symlinkSync(realpathSync(join(NATIVE, "node_modules", "ffi-rs")), join(directory, "node_modules", "ffi-rs"));
}

function report(env: Record<string, string> = {}, flags: readonly string[] = []): Report {
  // pnpm puts all packages on NODE_PATH, ffi-rs among them.
  const options = { cwd: directory, encoding: "utf8", env: { ...process.env, NODE_PATH: "", ...env } } as const;
  return JSON.parse(execFileSync(process.execPath, [...flags, "-e", PROGRAM], options)) as Report;
}

/** As the child sees the directory: the system's temporary directory may be a link. */
const at = (path: string): string => join(realpathSync(directory), path);
const absent = (path: string): string =>
  `there is no ${at(path)}${path === BUILD ? `: npm run build in ${realpathSync(directory)} makes it` : ""}`;

describeUnless(WAYS.addon.problem, "with a binary", () => {
  test("the prebuild is loaded before a local build and ffi-rs", () => {
    install(PREBUILD);
    install(BUILD);
    installFfi();
    expect(report()).toEqual({ status: { source: "prebuild", path: at(PREBUILD), skipped: [] }, answer: -9 });
  });

  test("a local build is loaded where there is no prebuild, and the status says so", () => {
    install(BUILD);
    const skipped = [{ source: "prebuild", reason: absent(PREBUILD) }];
    expect(report()).toEqual({ status: { source: "build", path: at(BUILD), skipped }, answer: -9 });
  });

  test("a prebuild that cannot be loaded is passed over, with the system's reason", () => {
    install(PREBUILD, "no library");
    install(BUILD);
    const { status } = report();
    expect(status).toMatchObject({ source: "build", skipped: [{ source: "prebuild" }] });
    expect(status.skipped[0]?.reason).toMatch(/wherefrom\.node: (?:file too short|invalid ELF header)/);
  });

  test("--no-addons turns all of them off, and is the reason", () => {
    install(PREBUILD);
    installFfi();
    const { status, answer } = report({}, ["--no-addons"]);
    expect(status.source).toBe("none");
    expect(answer).toBeUndefined();
    expect(status.skipped[0]).toEqual({
      source: "prebuild",
      reason: "Cannot load native addon because loading addons is disabled.",
    });
  });

  test.each([
    ["1", "none"],
    ["yes", "none"],
    ["", "prebuild"],
    ["0", "prebuild"],
  ])("WHEREFROM_NO_NATIVE=%s loads: %s", (value, source) => {
    install(PREBUILD);
    expect(report({ WHEREFROM_NO_NATIVE: value }).status.source).toBe(source);
  });
});

describeUnless(WAYS["ffi-rs"].problem, "without a binary", () => {
  test("ffi-rs is loaded, and the status says what is missing", () => {
    installFfi();
    expect(report()).toEqual({
      status: {
        source: "ffi-rs",
        path: "ffi-rs",
        skipped: [
          { source: "prebuild", reason: absent(PREBUILD) },
          { source: "build", reason: absent(BUILD) },
        ],
      },
      answer: -9,
    });
  });

  test("the kill switch turns ffi-rs off as well", () => {
    installFfi();
    const { status, answer } = report({ WHEREFROM_NO_NATIVE: "1" });
    expect(answer).toBeUndefined();
    expect(status.skipped.map(({ source, reason }) => [source, reason])).toEqual([
      ["prebuild", "WHEREFROM_NO_NATIVE is set"],
      ["build", "WHEREFROM_NO_NATIVE is set"],
      ["ffi-rs", "WHEREFROM_NO_NATIVE is set"],
    ]);
  });
});

describe("with nothing at all", () => {
  test("unavailable is a value with a reason for every way, and nothing throws", () => {
    const { status, answer } = report();
    expect(answer).toBeUndefined();
    expect(status).toMatchObject({
      source: "none",
      skipped: [{ source: "prebuild" }, { source: "build" }, { source: "ffi-rs" }],
    });
    expect(status.skipped[2]?.reason).toBe(
      process.platform === "linux"
        ? "ffi-rs is not installed: where no binary of ours loads, npm install ffi-rs calls libc in its place"
        : `TOA and saved SYNs are Linux's; this is ${process.platform}`,
    );
  });

  test("another platform is named, and nothing is tried there", () => {
    install(PREBUILD, "no library");
    const program = `Object.defineProperty(process, "platform", { value: "darwin" }); ${PROGRAM}`;
    const options = { cwd: directory, encoding: "utf8" } as const;
    const { status } = JSON.parse(execFileSync(process.execPath, ["-e", program], options)) as Report;
    expect(status.source).toBe("none");
    expect(new Set(status.skipped.map(({ reason }) => reason))).toEqual(
      new Set(["TOA and saved SYNs are Linux's; this is darwin"]),
    );
  });
});
