import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ADDON, isProgram, PREBUILT, prebuild } from "../scripts/build.mjs";
import { describeUnless, WAYS } from "./ways.ts";

/** glibc of CentOS 7, and the first one with arm64. No Node 20 runs on an older one. */
const GLIBC_FLOOR = [2, 17];
/** In bytes. The first x64 binary had 14 KB. An arm64 binary of the same code is padded to pages of 64 KiB. */
const SIZE_LIMIT_BYTES = 80_000;
const PADDED_SIZE_LIMIT_BYTES = SIZE_LIMIT_BYTES + 0x10000;

/** What is there to look at: the binary of this machine, and prebuilds if somebody has made them; test/consumers looks at those that are packed. */
const BINARIES = [ADDON, ...PREBUILT.map(prebuild)].filter((path) => existsSync(path));

const need = (...programs: string[]): string | undefined => {
  const missing = programs.find((name) => !isProgram(name));
  return WAYS.addon.problem ?? (missing === undefined ? undefined : `${missing} is not installed`);
};

describeUnless(need("objdump"), "a binary", () => {
  describe.each(BINARIES)("%s", (path) => {
    const dynamic = (): string => execFileSync("objdump", ["-p", path], { encoding: "utf8" });

    test("needs libc and nothing else", () => {
      expect([...dynamic().matchAll(/^\s*NEEDED\s+(.*)$/gm)].map(([, name]) => name)).toEqual(["libc.so.6"]);
    });

    test(`needs no glibc after ${GLIBC_FLOOR.join(".")}`, () => {
      const symbols = execFileSync("objdump", ["-T", path], { encoding: "utf8" });
      const versions = [...symbols.matchAll(/GLIBC_(\d+)\.(\d+)/g)].map(([, major, minor]) => [
        Number(major),
        Number(minor),
      ]);
      expect(versions.length).toBeGreaterThan(0);
      const [floorMajor = 0, floorMinor = 0] = GLIBC_FLOOR;
      expect(versions.filter(([major = 0, minor = 0]) => major > floorMajor || minor > floorMinor)).toEqual([]);
    });

    test("shows nothing but what Node-API asks for", () => {
      const symbols = execFileSync("objdump", ["-T", path], { encoding: "utf8" });
      const defined = [...symbols.matchAll(/\.text\s+\S+\s+(?:\S+\s+)?(\S+)$/gm)].map(([, name]) => name);
      expect(defined.toSorted()).toEqual(["napi_register_module_v1", "node_api_module_get_api_version_v1"]);
    });

    test("is small", () => {
      const isPadded = path.includes("arm64") || process.arch === "arm64";
      expect(statSync(path).size).toBeLessThan(isPadded ? PADDED_SIZE_LIMIT_BYTES : SIZE_LIMIT_BYTES);
    });
  });
});

describeUnless(need("musl-gcc"), "in a process with musl", () => {
  const native = BINARIES.filter((path) => !path.includes("linux-") || path.includes(`linux-${process.arch}`));
  test.each(native)("%s, made for glibc, loads, and a Node-API that refuses everything is no crash", (path) => {
    const directory = mkdtempSync(join(tmpdir(), "wherefrom-musl-"));
    const program = join(directory, "musl_load");
    execFileSync("musl-gcc", ["-rdynamic", join(import.meta.dirname, "c", "musl_load.c"), "-o", program]);
    expect(execFileSync(program, [path], { encoding: "utf8" })).toBe("");
    rmSync(directory, { recursive: true });
  });
});
