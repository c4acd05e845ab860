import { cpSync, existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { nodeOf, VERSIONS } from "../../scripts/nodes.mjs";
import { describeUnless } from "../e2e/requirement.ts";
import {
  COVERED,
  EXPRESS_COMMONJS,
  EXPRESS_MODULE,
  NODE_COMMONJS,
  NODE_MODULE,
  PRELOADED,
  type Printed,
  TESTS,
} from "./programs.ts";
import {
  emptyProject,
  npmProject,
  pack,
  pinned,
  pinnedInRoot,
  type Project,
  projectAt,
  type Tarballs,
} from "./project.ts";
import { TYPED_MODULE } from "./typed-module.ts";

const TYPESCRIPT_5 = "typescript@5.9.3";
const TYPES = ["@types/express", "@types/koa"].map((name) => pinned(name));
const BUNDLERS = [
  "esbuild@0.28.2",
  "webpack@5.113.0",
  "webpack-cli@7.3.1",
  "rollup@4.68.8",
  "@rollup/plugin-node-resolve@16.0.3",
  "@rollup/plugin-commonjs@29.0.3",
  "rolldown@1.2.19",
  "@vercel/ncc@0.45.0",
];

const HERE: Printed = { ip: "203.0.113.7", native: "prebuild" };
const ALONE: Printed = {
  ip: "203.0.113.7",
  native: "@wherefrom/native is not installed: npm install @wherefrom/native",
};

const JEST = {
  "29": ["jest@29.7.0", "babel-jest@29.7.0", "ts-jest@29.4.15", "@types/jest@29.5.14"],
  "30": ["jest@30.5.2", "babel-jest@30.5.2", "ts-jest@29.4.15", "@types/jest@30.0.0"],
} as const;
const JEST_VERSIONS = ["29", "30"] as const;
const BABEL = ["@babel/core@7.29.13", "@babel/preset-env@7.29.14"];
/** Milliseconds in which npm has installed all of it on a busy machine. */
const INSTALLATION_LIMIT_MS = 600_000;
/** Milliseconds in which one tool has ended there; package managers install in their tests. */
const BUSY = { timeout: 300_000 };

let tarballs: Tarballs;
let tools: Project;
let jests: readonly Project[] = [];
// npm waits for the registry and the disk: all projects at once.
beforeAll(async () => {
  tarballs = await pack();
  const types = pinnedInRoot("@types/node");
  const frameworks = ["express", "fastify", "koa"].map((name) => pinned(name));
  const packages = [...ours("core", "net", "dgram", "express", "fastify", "koa", "audit", "native"), ...frameworks];
  const forJest = [...ours("core", "net", "express", "native"), pinned("express"), pinned("@types/express")];
  [tools, ...jests] = await Promise.all([
    npmProject([...packages, ...TYPES, ...BUNDLERS, TYPESCRIPT_5, types, pinnedInRoot("vitest")]),
    ...JEST_VERSIONS.map((version) => npmProject([...forJest, ...JEST[version], ...BABEL, TYPESCRIPT_5, types])),
  ]);
}, INSTALLATION_LIMIT_MS);
afterAll(() => {
  for (const each of [tarballs, tools, ...jests]) each?.remove();
});

const ours = (...names: readonly string[]): readonly string[] => names.map((name) => tarballs.of(`@wherefrom/${name}`));

const printed = (output: string): Printed => JSON.parse(output) as Printed;

describe("Node, TypeScript and bundlers", BUSY, () => {
  let project: Project;
  beforeAll(() => {
    project = tools;
    project.write({
      "node.mjs": NODE_MODULE,
      "node.cjs": NODE_COMMONJS,
      "express.mjs": EXPRESS_MODULE,
      "express.cjs": EXPRESS_COMMONJS,
    });
  });

  const bin = (name: string): string => join(project.directory, "node_modules", ".bin", name);

  test.each(["node.mjs", "node.cjs", "express.mjs", "express.cjs"])("%s answers", async (file) => {
    expect(printed(await project.run(process.execPath, file))).toEqual(HERE);
  });

  describe.each(VERSIONS)("Node %s", (version) => {
    const node = nodeOf(version);
    describeUnless(
      existsSync(node) ? undefined : `Node ${version} is not there: node scripts/nodes.mjs fetches it`,
      "",
      () => {
        test.each(["node.mjs", "node.cjs", "express.mjs", "express.cjs"])("%s answers", async (file) => {
          expect(printed(await project.run(node, file))).toEqual(HERE);
        });
      },
    );
  });

  test("node:test", async () => {
    project.write({ "client.node.mjs": TESTS.nodeTest });
    expect(await project.run(process.execPath, "--test", "client.node.mjs")).toMatch(/^\S* ?pass 1$/m);
  });

  test("vitest", async () => {
    project.write({ "client.vitest.test.mjs": TESTS.vitest });
    expect(await project.run(bin("vitest"), "run", "client.vitest")).toContain("1 passed");
  });

  test.each([
    ["nodenext", ["--module", "nodenext"], ["typed.cts", "typed.mts"]],
    ["node16", ["--module", "node16"], ["typed.cts", "typed.mts"]],
    ["bundler", ["--module", "esnext", "--moduleResolution", "bundler", "--noEmit"], ["typed.ts"]],
    ["commonjs, node10", ["--module", "commonjs", "--moduleResolution", "node10", "--esModuleInterop"], ["typed.ts"]],
  ])("TypeScript 5, %s: every package's types hold, and what it writes answers", async (_name, options, files) => {
    const directory = `typescript-${options[1]}`;
    const source = NODE_MODULE.replace("server.address()", "(server.address() as { port: number })");
    const programs = files.map((file) => file.replace("typed", "program"));
    for (const file of files) project.write({ [`${directory}/${file}`]: TYPED_MODULE });
    for (const file of programs) project.write({ [`${directory}/${file}`]: source });
    const paths = [...files, ...programs].map((file) => join(directory, file));
    const strict = ["--strict", "--exactOptionalPropertyTypes", "--skipLibCheck", "false", "--noEmitOnError", "false"];
    const common = ["--target", "es2022", "--lib", "es2023", "--types", "node", "--outDir", `${directory}/out`];
    const output = await project
      .run(bin("tsc"), ...options, ...strict, ...common, ...paths)
      .catch(({ message }) => String(message));
    expect(
      output.split("\n").filter((line) => line.startsWith("typescript-") || line.includes("/@wherefrom/")),
    ).toEqual([]);
    for (const file of existsSync(join(project.directory, directory, "out")) ? programs : []) {
      const written = join(directory, "out", file.replace(/ts$/, "js"));
      expect(printed(await project.run(process.execPath, written))).toEqual(HERE);
    }
  });

  const webpack = (entry: string, format: object): string => `
    module.exports = {
      mode: "production", target: "node20", entry: "./${entry}",
      output: { path: __dirname + "/webpack", ...${JSON.stringify(format)} },
    };`;
  const rollup = `
    import commonjs from "@rollup/plugin-commonjs";
    import { nodeResolve } from "@rollup/plugin-node-resolve";
    export default { input: "node.mjs", plugins: [nodeResolve({ preferBuiltins: true }), commonjs()], output: { file: "rollup/out.mjs", format: "es" } };`;
  const esbuild = ["--bundle", "--platform=node", "--target=node20", "--log-level=warning"];

  test.each<readonly [name: string, out: string, make: () => Promise<string>]>([
    [
      "esbuild, ES module",
      "esbuild/out.mjs",
      () => project.run(bin("esbuild"), "node.mjs", ...esbuild, "--format=esm", "--outfile=esbuild/out.mjs"),
    ],
    [
      "esbuild, CommonJS of an ES module",
      "esbuild/out.cjs",
      () => project.run(bin("esbuild"), "express.mjs", ...esbuild, "--format=cjs", "--outfile=esbuild/out.cjs"),
    ],
    [
      "esbuild, minified CommonJS",
      "esbuild/min.cjs",
      () =>
        project.run(bin("esbuild"), "express.cjs", ...esbuild, "--minify", "--format=cjs", "--outfile=esbuild/min.cjs"),
    ],
    [
      "webpack 5, ES module",
      "webpack/out.cjs",
      () => {
        project.write({ "webpack.a.cjs": webpack("express.mjs", { filename: "out.cjs" }) });
        return project.run(bin("webpack"), "--config", "webpack.a.cjs", "--stats", "errors-warnings");
      },
    ],
    [
      "webpack 5, CommonJS",
      "webpack/required.cjs",
      () => {
        project.write({ "webpack.b.cjs": webpack("node.cjs", { filename: "required.cjs" }) });
        return project.run(bin("webpack"), "--config", "webpack.b.cjs", "--stats", "errors-warnings");
      },
    ],
    [
      "Rollup",
      "rollup/out.mjs",
      () => {
        project.write({ "rollup.config.mjs": rollup });
        return project.run(bin("rollup"), "-c", "rollup.config.mjs", "--failAfterWarnings", "--silent");
      },
    ],
    [
      "Rolldown",
      "rolldown/out.mjs",
      () =>
        project.run(bin("rolldown"), "node.mjs", "--platform", "node", "--format", "esm", "--file", "rolldown/out.mjs"),
    ],
    ["ncc", "ncc/index.mjs", () => project.run(bin("ncc"), "build", "node.mjs", "-o", "ncc", "-q")],
  ])("%s: the bundle answers, beside the packages and without any", async (_name, out, make) => {
    // A bundler that has something to say of ours says it.
    expect(await make()).not.toContain("wherefrom");
    expect(printed(await project.run(process.execPath, out))).toEqual(HERE);
    const elsewhere = emptyProject();
    onTestFinished(elsewhere.remove);
    const directory = join(project.directory, out, "..");
    for (const file of readdirSync(directory)) cpSync(join(directory, file), join(elsewhere.directory, file));
    expect(printed(await elsewhere.run(process.execPath, out.replace(/^.*\//, "")))).toEqual(ALONE);
  });
});

describe.each(JEST_VERSIONS.map((version, index) => [version, index] as const))("Jest %s", BUSY, (_version, index) => {
  let project: Project;
  beforeAll(() => {
    project = jests[index] as Project;
  });

  /** How many tests passed; throws where one failed. */
  const passed = async (place: Project, ...args: readonly string[]): Promise<number> => {
    const output = await place.run(join(project.directory, "node_modules", ".bin", "jest"), "--json", ...args);
    return (JSON.parse(output) as { readonly numPassedTests: number }).numPassedTests;
  };

  test("as it is installed, with CommonJS", async () => {
    project.write({ "client.test.js": TESTS.commonjs });
    expect(await passed(project, "client.test.js")).toBe(1);
  });

  test("with babel's preset for ES modules", async () => {
    const targets = { targets: { node: "current" } };
    project.write({
      "babel/babel.config.json": JSON.stringify({ presets: [["@babel/preset-env", targets]] }),
      "babel/package.json": JSON.stringify({ private: true }),
      "babel/module.test.js": TESTS.module,
    });
    expect(await passed(project, "--rootDir", "babel")).toBe(1);
  });

  test("with ts-jest", async () => {
    const options = { module: "commonjs", target: "es2022", esModuleInterop: true, types: ["node", "jest"] };
    project.write({
      "ts/package.json": JSON.stringify({ private: true, jest: { preset: "ts-jest", testEnvironment: "node" } }),
      "ts/tsconfig.json": JSON.stringify({ compilerOptions: options }),
      "ts/client.test.ts": TESTS.typescript,
    });
    const inside = projectAt(join(project.directory, "ts"));
    expect(await passed(inside)).toBe(1);
  });
});

/** A package.json with which a package manager takes ours from their tarballs wherever they are named. */
function manifestOf(kind: "overrides" | "resolutions"): object {
  const files = Object.fromEntries(tarballs.names.map((name) => [name, `file:${tarballs.of(name)}`]));
  const named = ["auto", "core", "net", "express", "native"].map((name) => `@wherefrom/${name}`);
  const express = pinned("express").replace("express@", "");
  const dependencies = { ...Object.fromEntries(named.map((name) => [name, files[name]])), express };
  return kind === "overrides" ? { dependencies, pnpm: { overrides: files } } : { dependencies, resolutions: files };
}

/** The preload's policy, without the variables of the test runner, which are not the application's. */
const POLICY = ["-u", "WHEREFROM_SUITE", "WHEREFROM_POLICY=trust=127.0.0.1 from=x-forwarded-for"];
const PRELOAD = ["--import", "@wherefrom/auto", "preloaded.mjs"];

describe("package managers", BUSY, () => {
  test.each([
    ["pnpm", []],
    ["pnpm --ignore-scripts", ["--ignore-scripts"]],
  ])("%s", async (_name, options) => {
    const project = emptyProject(manifestOf("overrides"));
    onTestFinished(project.remove);
    await project.run("npx", "--yes", "pnpm@10.34.9", "install", "--prefer-offline", ...options);
    project.write({ "express.mjs": EXPRESS_MODULE, "express.cjs": EXPRESS_COMMONJS, "preloaded.mjs": PRELOADED });
    for (const file of ["express.mjs", "express.cjs"])
      expect(printed(await project.run(process.execPath, file))).toEqual(HERE);
    expect(await project.run("env", ...POLICY, process.execPath, ...PRELOAD)).toBe(COVERED);
  });

  test("npm --ignore-scripts", async () => {
    const project = emptyProject();
    onTestFinished(project.remove);
    const packages = [...ours("core", "net", "express", "native"), pinned("express")];
    await project.run("npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", ...packages);
    project.write({ "express.mjs": EXPRESS_MODULE });
    expect(printed(await project.run(process.execPath, "express.mjs"))).toEqual(HERE);
  });

  test.each([
    ["Yarn 4, node-modules", "node-modules"],
    ["Yarn 4, PnP", "pnp"],
  ])("%s", async (_name, nodeLinker) => {
    const project = emptyProject(manifestOf("resolutions"));
    onTestFinished(project.remove);
    // Each npx takes seconds to find what it has: once is enough.
    const npx = ["--yes", "--package", "@yarnpkg/cli-dist@4.18.1", "--", "sh", "-c", "command -v yarn"];
    const program = (await project.run("npx", ...npx)).trim();
    const yarn = (...args: readonly string[]): Promise<string> => project.run(program, ...args);
    project.write({
      ".yarnrc.yml": `nodeLinker: ${nodeLinker}\nenableTelemetry: false\nenableImmutableInstalls: false\n`,
      "yarn.lock": "",
      "express.mjs": EXPRESS_MODULE,
      "express.cjs": EXPRESS_COMMONJS,
      "preloaded.mjs": PRELOADED,
    });
    await yarn("install");
    for (const file of ["express.mjs", "express.cjs"]) expect(printed(await yarn("node", file))).toEqual(HERE);
    expect(await project.run("env", ...POLICY, program, "node", ...PRELOAD)).toBe(COVERED);
  });
});
