import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { publicPackages } from "../../scripts/packages.mjs";
import { withPnpm } from "../../scripts/workspace.mjs";

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, "..", "..");

/** The scope of our packages, which is a directory of node_modules. */
const OURS = "@wherefrom";

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly exports?: Readonly<Record<string, unknown>>;
}

/** Every public package as a registry would get it. */
export interface Tarballs {
  /** Path of a package's tarball. */
  readonly of: (name: string) => string;
  readonly names: readonly string[];
  readonly remove: () => void;
}

/** A project outside of the workspace. */
export interface Project {
  readonly directory: string;
  readonly write: (files: Readonly<Record<string, string>>) => void;
  /** What a program writes to its standard output, run in the project; throws where it fails, with all that it wrote. */
  readonly run: (command: string, ...args: readonly string[]) => Promise<string>;
  /** What Node writes for this text in a file; throws where it writes to its standard error, or fails. */
  readonly node: (
    file: string,
    text: string,
    env?: Readonly<Record<string, string>>,
    program?: readonly [command: string, ...args: string[]],
  ) => Promise<string>;
  /** Another project that has these of the installed packages alone. */
  readonly copyOf: (...packages: readonly string[]) => Project;
  /** Another project with all packages: copies of ours, which may be broken, and links to the others. */
  readonly copyOfOurs: () => Project;
  readonly remove: () => void;
}

/** Everything that can be imported, by the name that is written. */
export function modules(): readonly string[] {
  // A package that acts when it is loaded is loaded by tests of its own: test/conformance/auto.
  const loadable = publicPackages().filter(({ acts }) => !acts);
  return loadable.flatMap(({ directory }) => {
    const { name, exports = {} } = JSON.parse(readFileSync(join(ROOT, directory, "package.json"), "utf8")) as Manifest;
    return Object.keys(exports)
      .filter((entry) => !entry.endsWith(".json"))
      .map((entry) => `${name}${entry.slice(1)}`);
  });
}

/** Packs with pnpm, which writes versions in the place of the workspace's. */
export async function pack(): Promise<Tarballs> {
  const directory = mkdtempSync(join(tmpdir(), "wherefrom-tarballs-"));
  const packages = publicPackages();
  const filters = packages.flatMap(({ directory: path }) => ["--filter", `./${path}`]);
  await run("npx", withPnpm("pnpm", "-r", ...filters, "pack", "--pack-destination", directory), { cwd: ROOT });
  const files = readdirSync(directory);
  const fileOf = (name: string): string => {
    const stem = `${name.replace("@", "").replace("/", "-")}-`;
    const file = files.find((each) => each.startsWith(stem) && /^\d/.test(each.slice(stem.length)));
    if (file === undefined) throw new Error(`there is no tarball of ${name} among ${files.join(", ")}`);
    return join(directory, file);
  };
  return {
    of: fileOf,
    names: packages.map(({ name }) => name),
    remove: () => rmSync(directory, { recursive: true }),
  };
}

/** Files in a tarball, from the package's root on. */
export async function filesOf(tarball: string): Promise<readonly string[]> {
  const { stdout } = await run("tar", ["-tzf", tarball]);
  return stdout
    .trim()
    .split("\n")
    .map((path) => path.replace(/^package\//, ""));
}

/** A package with the version that the workspace tests. */
export function pinned(name: string, from: string = import.meta.filename): string {
  const { version } = createRequire(from)(`${name}/package.json`) as Manifest;
  return `${name}@${version}`;
}

/** The root's own development packages. */
export const pinnedInRoot = (name: string): string => pinned(name, join(ROOT, "package.json"));

/** pnpm puts its settings and the workspace's packages into the environment, where npm warns of the one and Node finds the other. */
function cleanEnv(): NodeJS.ProcessEnv {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^npm_|^NODE_PATH$|^NODE_OPTIONS$|^VITEST|^JEST/i.test(name)),
  );
  return { ...env, NODE_ENV: "production" };
}

/** A directory with a package.json that has these fields, and nothing installed. */
export function emptyProject(manifest: object = {}): Project {
  const directory = mkdtempSync(join(tmpdir(), "wherefrom-consumer-"));
  writeFileSync(join(directory, "package.json"), JSON.stringify({ name: "consumer", private: true, ...manifest }));
  return projectAt(directory);
}

/** The same with packages fetched from the registry, or from npm's cache, and tarballs; what development needs is installed as well. */
export async function npmProject(packages: readonly string[], manifest: object = {}): Promise<Project> {
  const project = emptyProject(manifest);
  await npmInstall(project, ...packages);
  return project;
}

export async function npmInstall(project: Project, ...packages: readonly string[]): Promise<void> {
  await project.run("npm", "install", "--no-audit", "--no-fund", "--prefer-offline", "--include=dev", ...packages);
}

/** A project in a directory that is there. */
export function projectAt(directory: string): Project {
  const execute = async (
    command: string,
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<{ stdout: string; stderr: string }> => {
    const options = { cwd: directory, env: { ...cleanEnv(), ...env }, maxBuffer: 64 * 1024 * 1024 };
    return await run(command, args, options).catch((error: { stdout?: string; message: string }) => {
      throw new Error(`${error.message}\n${error.stdout ?? ""}`);
    });
  };
  const write = (files: Readonly<Record<string, string>>): void => {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(directory, name)), { recursive: true });
      writeFileSync(join(directory, name), text);
    }
  };
  return {
    directory,
    write,
    run: async (command, ...args) => (await execute(command, args)).stdout,
    node: async (file, text, env = {}, [command, ...args] = [process.execPath]) => {
      write({ [file]: text });
      const { stdout, stderr } = await execute(command, [...args, file], env);
      if (stderr !== "") throw new Error(stderr);
      return stdout;
    },
    copyOf: (...packages) => {
      const copy = emptyProject();
      const [from, to] = [join(directory, "node_modules"), join(copy.directory, "node_modules")];
      for (const name of packages) cpSync(join(from, name), join(to, name), { recursive: true });
      return copy;
    },
    copyOfOurs: () => {
      const copy = emptyProject();
      const [from, to] = [join(directory, "node_modules"), join(copy.directory, "node_modules")];
      cpSync(join(from, OURS), join(to, OURS), { recursive: true });
      const others = readdirSync(from).filter((name) => name !== OURS && !name.startsWith("."));
      for (const name of others) symlinkSync(join(from, name), join(to, name));
      return copy;
    },
    remove: () => rmSync(directory, { recursive: true }),
  };
}
