import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Command } from "../terminal/command.ts";
import { fail, refuse, type Terminal } from "../terminal/terminal.ts";

/** The variable of @wherefrom/auto that each option sets. */
const VARIABLES = { policy: "WHEREFROM_POLICY", config: "WHEREFROM_CONFIG", ports: "WHEREFROM_PORTS" } as const;

/** Exit codes of shells: the command was not found, or could not be run; and what a signal adds to its number. */
const NOT_FOUND = 127;
const NOT_RUNNABLE = 126;
const SIGNAL_BASE = 128;
/** What asks a service to end, or to read its settings again. */
const PASSED_ON = ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR2", "SIGQUIT"] as const;

/** Starts a command, and covers every Node.js process that it begins. */
export const run: Command = {
  summary: "start a Node.js service under a policy, without a line of code",
  options: {
    policy: { type: "string", description: `the policy: "trust=10.1.2.0/24 from=x-forwarded-for"` },
    config: { type: "string", description: "the path of a settings file, instead of --policy" },
    ports: { type: "string", description: "the ports whose listeners are covered; all without it" },
  },
  words: "-- COMMAND...",
  run: async ({ values, words }, terminal) => {
    const [command, ...args] = words;
    if (command === undefined)
      return refuse(`No command is named: write "wherefrom run -- node server.js".`, "wherefrom run", terminal);
    return runCovered(command, args, environmentWith(values, process.env), terminal);
  },
};

/** The environment in which every Node.js process loads the preload first. A path is written as a URL, in which no space stands. */
export function environmentWith(values: Readonly<Record<string, string>>, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const settings = Object.entries(VARIABLES).flatMap(([option, variable]) =>
    values[option] === undefined ? [] : [[variable, values[option]] as const],
  );
  const before = env["NODE_OPTIONS"] ?? "";
  return {
    ...env,
    ...Object.fromEntries(settings),
    NODE_OPTIONS: `${before}${before === "" ? "" : " "}--import ${preloadUrl()}`,
  };
}

function preloadUrl(): string {
  const entry = createRequire(import.meta.url).resolve("@wherefrom/auto");
  return pathToFileURL(join(dirname(entry), "index.mjs")).href;
}

function runCovered(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  terminal: Terminal,
): Promise<number> {
  const child = spawn(command, args, { env, stdio: "inherit" });
  for (const signal of PASSED_ON) {
    process.on(signal, () => {
      // A terminal sends these to the command, too.
      if (process.stdin.isTTY && (signal === "SIGINT" || signal === "SIGQUIT")) return;
      child.kill(signal);
    });
  }
  return new Promise((settle) => {
    child.on("error", (error: NodeJS.ErrnoException) => {
      fail(`wherefrom run: "${command}" cannot be started: ${error.message}`, terminal);
      settle(error.code === "ENOENT" ? NOT_FOUND : NOT_RUNNABLE);
    });
    child.on("exit", (code, signal) => settle(code ?? SIGNAL_BASE + (signal === null ? 0 : constants.signals[signal])));
  });
}
