// npm run build: the addon for this machine, into build/Release; with --if-stale where it is needed and can be built. `buildAddon` builds it for any.
import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const NATIVE = join(import.meta.dirname, "..");
export const ADDON = join(NATIVE, "build", "Release", "wherefrom.node");
/** What the addon is built of: `sources` has the files of C, every other is a header. */
export const ADDON_SOURCES = join(NATIVE, "addon");
/** The one folder that knows Node-API. */
const BINDINGS = join(ADDON_SOURCES, "napi/");
/** Architectures of Linux for which the package brings a binary, which is loaded before one that was built here. */
export const PREBUILT = ["x64", "arm64"];
/** By architecture. One binary serves glibc and musl: it is C, and needs nothing of libc that musl has not. The same compiler gives the same bytes, in any directory. */
export const COMPILERS = { x64: "x86_64-linux-gnu-gcc", arm64: "aarch64-linux-gnu-gcc" };
export const prebuild = (arch) => join(NATIVE, "prebuilds", `linux-${arch}`, "wherefrom.node");

/** Node's own headers, where they are installed beside it: node-gyp then downloads nothing. */
export function headers() {
  const prefix = dirname(dirname(process.execPath));
  return existsSync(join(prefix, "include", "node", "node_api.h")) ? prefix : undefined;
}

export const isProgram = (name) => spawnSync(name, ["--version"], { stdio: "ignore" }).status === 0;

const LOCAL_COMPILER = process.env.CC ?? "cc";

/** Why the addon cannot be built here, or undefined. */
export function whyUnbuildable(compiler = LOCAL_COMPILER) {
  const missing = [compiler, "make", "python3"].find((name) => !isProgram(name));
  return missing === undefined ? undefined : `${missing} is not installed`;
}

/** Paths of the files of C, in the order of binding.gyp, which is the only list of them. It is JSON, which node-gyp takes, too. */
export function sources() {
  const { targets } = JSON.parse(readFileSync(join(ADDON_SOURCES, "binding.gyp"), "utf8"));
  return targets[0].sources.map((name) => join(ADDON_SOURCES, name));
}

/** Those that a plain C program can link: all but the bindings. */
export function plainSources() {
  return sources().filter((path) => !path.startsWith(BINDINGS));
}

/** Whether `target` is older than a file or folder of the addon, or absent. */
export function isStale(target) {
  if (!existsSync(target)) return true;
  const built = statSync(target).mtimeMs;
  return readdirSync(ADDON_SOURCES, { recursive: true }).some(
    (name) => statSync(join(ADDON_SOURCES, name)).mtimeMs > built,
  );
}

/** Ours in the workspace. An installed package has none of its own: npm brings one, and names it to the scripts that it runs. */
function nodeGyp() {
  try {
    return createRequire(import.meta.url).resolve("node-gyp/bin/node-gyp.js");
  } catch {
    const { npm_config_node_gyp: brought } = process.env;
    if (brought !== undefined) return brought;
    throw new Error("node-gyp is not installed; npm has one: npm run build");
  }
}

/**
 * Builds in a directory of its own and moves the binary to `target`, so that several may build at once and nobody loads half a file.
 * Throws with what node-gyp wrote.
 */
export function buildAddon(target = ADDON, { arch = process.arch, compiler = LOCAL_COMPILER } = {}) {
  mkdirSync(join(NATIVE, "build"), { recursive: true });
  const directory = mkdtempSync(join(NATIVE, "build", "gyp-"));
  try {
    cpSync(ADDON_SOURCES, directory, { recursive: true });
    const gyp = nodeGyp();
    const prefix = headers();
    const nodedir = prefix === undefined ? [] : [`--nodedir=${prefix}`];
    const { status, stdout, stderr } = spawnSync(process.execPath, [gyp, "rebuild", `--arch=${arch}`, ...nodedir], {
      cwd: directory,
      encoding: "utf8",
      // gyp links with the C++ compiler, and the addon would ask for a libstdc++ that it does not use, and musl does not have.
      env: { ...process.env, CC: compiler, CXX: compiler, LINK: compiler },
    });
    if (status !== 0) throw new Error(`node-gyp ended with ${status}\n${stdout}${stderr}`);
    mkdirSync(dirname(target), { recursive: true });
    renameSync(join(directory, "build", "Release", "wherefrom.node"), target);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/**
 * Builds where a source is newer than the binary and there is a compiler; answers whether it did. A prebuild that is older than a source goes:
 * it would be loaded before what was built.
 */
export function buildIfStale() {
  for (const path of PREBUILT.map(prebuild)) if (isStale(path)) rmSync(path, { force: true });
  const isNeeded = process.platform === "linux" && whyUnbuildable() === undefined && isStale(ADDON);
  if (isNeeded) buildAddon();
  return isNeeded;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.includes("--if-stale")) buildIfStale();
  else {
    buildAddon();
    console.log(ADDON);
  }
}
