import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as later } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { onTestFinished } from "vitest";
import { freePort } from "../free-port.ts";
import { POLICY } from "./probe.ts";

const run = promisify(execFile);
/** The preload by its place: the application does not know the package. */
const PRELOAD = pathToFileURL(
  join(import.meta.dirname, "..", "..", "..", "packages", "auto", "dist", "index.mjs"),
).href;
/** How long an application may take to listen, in milliseconds. */
const START_LIMIT_MS = 60_000;

/** A project as its framework's documentation has it. */
export interface Project {
  readonly packages: readonly string[];
  readonly files: Readonly<Record<string, string>>;
  /** A program of the project with its arguments, run by Node. */
  readonly build?: readonly string[];
  readonly start: (port: number) => readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Installs and builds the project, starts it under the preload with this Node, and answers its port. All of it is gone when the test is over. */
export async function startBuilt({ packages, files, build, start, env }: Project, node: string): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), "wherefrom-framework-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const all = { "package.json": JSON.stringify({ name: "application", private: true, type: "module" }), ...files };
  for (const [name, text] of Object.entries(all)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), text);
  }
  const plain: NodeJS.ProcessEnv = {
    ...outerEnv(),
    PATH: `${dirname(node)}:${process.env["PATH"]}`,
    NODE_ENV: "production",
    CI: "true",
    NEXT_TELEMETRY_DISABLED: "1",
    NUXT_TELEMETRY_DISABLED: "1",
    ASTRO_TELEMETRY_DISABLED: "1",
  };
  const options = { cwd: directory, env: plain, maxBuffer: 2 ** 26 };
  const install = ["install", "--no-audit", "--no-fund", "--prefer-offline", "--ignore-scripts", "--include=dev"];
  await run("npm", [...install, ...packages], options);
  if (build !== undefined) await run(node, build, options);
  const port = await freePort("127.0.0.1");
  const child = spawn(node, start(port), {
    cwd: directory,
    env: {
      ...plain,
      ...env,
      PORT: String(port),
      HOST: "127.0.0.1",
      HOSTNAME: "127.0.0.1",
      NODE_OPTIONS: `--import ${PRELOAD}`,
      WHEREFROM_POLICY: POLICY,
    },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = once(child, "close");
  let errors = "";
  child.stderr.on("data", (text) => (errors += String(text)));
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  for (const deadline = Date.now() + START_LIMIT_MS; Date.now() < deadline; await later(50)) {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}: ${errors}`);
    if (await accepts(port)) return port;
  }
  throw new Error(`it does not listen: ${errors}`);
}

/** Without what npm, pnpm and the test runner have put there. Certificates that the registry needs are named there. */
function outerEnv(): NodeJS.ProcessEnv {
  const isForeign = /^npm_|^NODE_PATH$|^NODE_OPTIONS$|^VITEST|^WHEREFROM_/i;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !isForeign.test(name)));
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect({ host: "127.0.0.1", port });
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
