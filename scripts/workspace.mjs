// The workspace, made ready: dependencies installed, packages built, programs run in it. Needs nothing but Node and npm.
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

export const ROOT = join(import.meta.dirname, "..");
const PNPM = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")).packageManager;

/** Arguments of `npx` that run `command` with pnpm on PATH: no machine needs to have pnpm. */
export const withPnpm = (...command) => ["--yes", "--package", PNPM, "--", ...command];

/** Path of a program that a dependency of the root brought. */
export const bin = (name) => join(ROOT, "node_modules", ".bin", name);

/**
 * Runs a program and answers how it ended: `{ code, output }`. With `quiet`, what it writes is collected in `output` instead of shown.
 * A signal to us is passed on to it, so that nothing stays behind; then we end too, unless it is the `last` program anyway.
 */
export function run(command, args, { quiet = false, last = false, cwd = ROOT, env = {} } = {}) {
  return new Promise((done) => {
    const stdio = quiet ? ["ignore", "pipe", "pipe"] : "inherit";
    const child = spawn(command, args, { cwd, stdio, env: { ...process.env, ...env } });
    let output = "";
    let interrupted = false;
    child.stdout?.on("data", (chunk) => (output += chunk));
    child.stderr?.on("data", (chunk) => (output += chunk));
    const pass = (signal) => {
      interrupted = true;
      // Ctrl-C in a terminal reaches the whole group: a second one would look like impatience.
      if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
    };
    // npm, when ended, ends its shell but not us: we notice that our parent is another one.
    const parent = process.ppid;
    const orphaned = setInterval(() => process.ppid === parent || pass("SIGTERM"), 500);
    const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
    for (const signal of signals) process.on(signal, pass);
    const end = (code, problem = "") => {
      clearInterval(orphaned);
      for (const signal of signals) process.off(signal, pass);
      if (interrupted && !last) process.exit(1);
      done({ code, output: output + problem });
    };
    child.on("error", (error) => end(127, `${error.message}\n`));
    child.on("close", (code, signal) => (signal === null ? end(code) : end(1, `${command} was ended by ${signal}\n`)));
  });
}

/** Runs a program quietly; when it fails, shows what it wrote and throws. */
async function must(command, args, options) {
  const { code, output } = await run(command, args, { ...options, quiet: true });
  if (code === 0) return;
  process.stderr.write(output);
  throw new Error(`exit code ${code}: ${command} ${args.join(" ")}`);
}

/** Installs the dependencies when what is in node_modules is not what pnpm-lock.yaml says. */
async function ensureInstalled() {
  const installed = join(ROOT, "node_modules", ".pnpm", "lock.yaml");
  const wanted = readFileSync(join(ROOT, "pnpm-lock.yaml"));
  if (existsSync(installed) && readFileSync(installed).equals(wanted)) return;
  console.log(`installing dependencies (${PNPM}) ...`);
  await must("npx", withPnpm("pnpm", "install", "--frozen-lockfile"), { env: { CI: "true" } });
}

/** Checks the types of what changed, in CI of everything, because `tsc -b` does not look again when only node_modules changed; and writes what is published. */
async function ensureBuilt() {
  console.log("building (tsc -b, rolldown) ...");
  await must(bin("tsc"), ["-b", ...(process.env.CI ? ["--force"] : [])]);
  await must(process.execPath, ["scripts/bundle.mjs"]);
}

/** Builds the addon where there is a compiler. Where that fails everything else works all the same: what needs the addon says so. */
async function ensureAddon() {
  const { code, output } = await run(process.execPath, ["native/scripts/build.mjs", "--if-stale"], { quiet: true });
  if (code !== 0) console.error(`the native addon was not built:\n${output}`);
}

/** Installs and builds. Answers what went wrong, or `undefined`. */
export async function prepare() {
  try {
    await ensureInstalled();
    await ensureBuilt();
    await ensureAddon();
    return undefined;
  } catch (error) {
    return error.message;
  }
}

/** Prepares, runs a program of the repository, and ends as it ended. */
export async function runProgram(path, args) {
  const problem = await prepare();
  if (problem !== undefined) {
    console.error(problem);
    process.exit(1);
  }
  if (!existsSync(join(ROOT, path))) {
    console.error(`there is no ${path}`);
    process.exit(1);
  }
  const { code } = await run(process.execPath, [join(ROOT, path), ...args], { last: true });
  process.exit(code);
}

/** The arguments after the script, without the `--` that pnpm, unlike npm, leaves there. */
export const programArguments = () => process.argv.slice(process.argv[2] === "--" ? 3 : 2);
