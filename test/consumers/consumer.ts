import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { publicPackages } from "../../scripts/package-check.mjs";
import { withPnpm } from "../../scripts/workspace.mjs";

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, "..", "..");
/** What somebody installs beside us: the frameworks, of the versions that the workspace tests, and types. */
const NEIGHBOURS = ["express", "fastify", "koa", "@types/express", "@types/koa"];

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly exports?: Readonly<Record<string, unknown>>;
}

/** A project of somebody else's, outside of the workspace, with our packages as a registry would give them. */
export interface Consumer {
  readonly directory: string;
  /** Everything that can be imported, by the name that one writes. */
  readonly modules: readonly string[];
  /** Files of a package's tarball, from the package's root on. */
  readonly filesOf: (name: string) => Promise<readonly string[]>;
  /** What Node writes to its standard output; throws where it writes to the other one, or fails. */
  readonly node: (
    file: string,
    text: string,
    env?: Readonly<Record<string, string>>,
    program?: readonly [command: string, ...args: string[]],
  ) => Promise<string>;
  /** Another project that has these of the packages alone. */
  readonly copyOf: (...packages: readonly string[]) => Consumer;
  readonly remove: () => void;
}

/** Packs every public package with pnpm and installs the tarballs with npm, which fetches what they depend on. */
export async function installConsumer(): Promise<Consumer> {
  const directory = mkdtempSync(join(tmpdir(), "wherefrom-consumer-"));
  const tarballs = join(directory, "tarballs");
  const filters = publicPackages().flatMap(({ directory: path }) => ["--filter", `./${path}`]);
  await run("npx", withPnpm("pnpm", "-r", ...filters, "pack", "--pack-destination", tarballs), { cwd: ROOT });
  writeFileSync(join(directory, "package.json"), JSON.stringify({ private: true }));
  const neighbours = [...NEIGHBOURS.map((name) => pinned(name)), pinned("@types/node", join(ROOT, "package.json"))];
  const ours = readdirSync(tarballs).map((name) => join(tarballs, name));
  await npmInstall(directory, ...ours, ...neighbours);
  return consumerAt(directory, tarballs);
}

/** Fetches packages from the registry, or from npm's cache, into `directory`. */
export async function npmInstall(directory: string, ...packages: readonly string[]): Promise<void> {
  // pnpm's settings reach a program through the environment, and npm warns of those that it does not know.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_config_/i.test(name)));
  await run("npm", ["install", "--no-audit", "--no-fund", "--prefer-offline", ...packages], { cwd: directory, env });
}

function pinned(name: string, from = import.meta.filename): string {
  const { version } = createRequire(from)(`${name}/package.json`) as Manifest;
  return `${name}@${version}`;
}

function consumerAt(directory: string, tarballs: string): Consumer {
  return {
    directory,
    modules: publicPackages().flatMap(({ directory: path }) => modulesOf(join(ROOT, path, "package.json"))),
    filesOf: async (name) => {
      const tarball = join(tarballs, `${name.replace("@", "").replace("/", "-")}-0.0.0.tgz`);
      const { stdout } = await run("tar", ["-tzf", tarball]);
      return stdout
        .trim()
        .split("\n")
        .map((path) => path.replace(/^package\//, ""));
    },
    node: async (file, text, env = {}, [command, ...args] = [process.execPath]) => {
      writeFileSync(join(directory, file), text);
      // pnpm puts the workspace's packages on NODE_PATH.
      const options = { cwd: directory, env: { ...process.env, NODE_PATH: "", NODE_OPTIONS: "", ...env } };
      const { stdout, stderr } = await run(command, [...args, file], options);
      if (stderr !== "") throw new Error(stderr);
      return stdout;
    },
    copyOf: (...packages) => {
      const copy = mkdtempSync(join(tmpdir(), "wherefrom-consumer-"));
      for (const name of packages) {
        cpSync(join(directory, "node_modules", name), join(copy, "node_modules", name), { recursive: true });
      }
      return consumerAt(copy, tarballs);
    },
    remove: () => rmSync(directory, { recursive: true }),
  };
}

function modulesOf(manifest: string): readonly string[] {
  const { name, exports = {} } = JSON.parse(readFileSync(manifest, "utf8")) as Manifest;
  return Object.keys(exports)
    .filter((entry) => !entry.endsWith(".json"))
    .map((entry) => `${name}${entry.slice(1)}`);
}
