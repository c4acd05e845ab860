import { readFileSync } from "node:fs";
import type { Command } from "./terminal/command.ts";
import { formatCompletion, SHELLS } from "./terminal/completion.ts";
import { didYouMean, type OptionTable, readOptions } from "./terminal/option.ts";
import { refuse, type Terminal } from "./terminal/terminal.ts";

/** A name has one word, or two. A command is loaded when it is named, or all are asked for help: `--version` waits for no framework. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  demo: async () => (await import("./demo/command.ts")).demo,
  doctor: async () => (await import("./doctor/command.ts")).doctor,
  run: async () => (await import("./run/command.ts")).run,
  trace: async () => (await import("./trace/command.ts")).trace,
  report: async () => (await import("./report/command.ts")).report,
  forget: async () => (await import("./forget/command.ts")).forget,
  "toa attach": async () => (await import("./toa/attach.ts")).attach,
  "toa detach": async () => (await import("./toa/detach.ts")).detach,
  "toa status": async () => (await import("./toa/status.ts")).status,
};

const HELP: OptionTable = { help: { type: "boolean", short: "h", description: "show this help" } };
/** Options that stand where a command's name would. */
const GLOBAL_OPTIONS: OptionTable = {
  ...HELP,
  version: { type: "boolean", short: "V", description: "show the version" },
};

/** Exit code for a command line that cannot be read, as most programs have it. */
const USAGE_ERROR = 2;

/** Runs what `args` asks for, and answers the exit code: 0, what the command says, or 2 when the command line cannot be read. */
export async function runCommandLine(args: readonly string[], terminal: Terminal): Promise<number> {
  const { name, rest } = readName(args);
  if (name === "") {
    terminal.err(await formatHelp());
    return USAGE_ERROR;
  }
  if (name.startsWith("-")) return runWithoutCommand(args, terminal);
  if (name === "help") return tellHelp(rest, terminal);
  if (name === "completion") return tellCompletion(rest, terminal);
  if (rest.length === 0 && subcommandsOf(name).length > 0) {
    terminal.err(await formatGroup(name));
    return USAGE_ERROR;
  }
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (load === undefined) {
    return refuse(`Unknown command "${name}"${didYouMean(name, Object.keys(COMMANDS))}`, "wherefrom", terminal);
  }
  const command = await load();
  const given = readOptions(rest, { ...command.options, ...HELP }, command.words !== undefined);
  if (typeof given === "string") return refuse(given, `wherefrom ${name}`, terminal);
  if (!given.names.has("help")) return command.run(given, terminal);
  terminal.out(formatCommandHelp(name, command));
  return 0;
}

/** The first word, with the second where there are commands of two words that begin so. */
function readName([first = "", ...rest]: readonly string[]): {
  readonly name: string;
  readonly rest: readonly string[];
} {
  const [second = ""] = rest;
  if (subcommandsOf(first).length > 0 && (second === "" || second === "--help" || second === "-h"))
    return second === "" ? { name: first, rest: [] } : { name: "help", rest: [first] };
  const isPair = subcommandsOf(first).length > 0 && !second.startsWith("-");
  return isPair ? { name: `${first} ${second}`.trim(), rest: rest.slice(1) } : { name: first, rest };
}

/** Commands of two words that begin so. */
function subcommandsOf(first: string): readonly string[] {
  return Object.keys(COMMANDS).filter((command) => command.startsWith(`${first} `));
}

/** `wherefrom help [command]`. */
async function tellHelp(words: readonly string[], terminal: Terminal): Promise<number> {
  const name = words.join(" ");
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (name === "") terminal.out(await formatHelp());
  else if (subcommandsOf(name).length > 0) terminal.out(await formatGroup(name));
  else if (load !== undefined) terminal.out(formatCommandHelp(name, await load()));
  else return refuse(`Unknown command "${name}"${didYouMean(name, Object.keys(COMMANDS))}`, "wherefrom", terminal);
  return 0;
}

async function tellCompletion([shell = ""]: readonly string[], terminal: Terminal): Promise<number> {
  const options = await Promise.all(
    Object.entries(COMMANDS).map(
      async ([name, load]) => [name, Object.keys({ ...(await load()).options, ...HELP })] as const,
    ),
  );
  const script = formatCompletion(shell, Object.fromEntries(options));
  if (script === undefined)
    return refuse(`Unknown shell "${shell}"; write ${SHELLS.join(", ")}.`, "wherefrom", terminal);
  terminal.out(script);
  return 0;
}

async function formatGroup(first: string): Promise<string> {
  const commands = subcommandsOf(first).map(
    async (name) => [name, (await (COMMANDS[name] as () => Promise<Command>)()).summary] as const,
  );
  return [
    `usage: wherefrom ${first} <command> [options]`,
    "",
    "commands:",
    ...formatTable(await Promise.all(commands)),
  ].join("\n");
}

const EXIT_CODES = ["exit codes:", "  0  success", "  1  failure; standard error says why", "  2  wrong usage"];

async function runWithoutCommand(args: readonly string[], terminal: Terminal): Promise<number> {
  const given = readOptions(args, GLOBAL_OPTIONS);
  if (typeof given === "string") return refuse(given, "wherefrom", terminal);
  terminal.out(given.names.has("help") ? await formatHelp() : readVersion());
  return 0;
}

async function formatHelp(): Promise<string> {
  const commands = Object.entries(COMMANDS).map(async ([name, load]) => [name, (await load()).summary] as const);
  return [
    "wherefrom: find the client behind proxies and load balancers, and show the proof",
    "",
    "usage: wherefrom <command> [options]",
    "",
    "commands:",
    ...formatTable(await Promise.all(commands)),
    "",
    "and:",
    ...formatTable([
      ["help [command]", "show the help of a command"],
      ["completion SHELL", `print a completion script for ${SHELLS.join(", ")}`],
    ]),
    "",
    "options:",
    ...formatOptions(GLOBAL_OPTIONS),
    "",
    ...EXIT_CODES,
  ].join("\n");
}

function formatCommandHelp(name: string, { summary, options, words, exitCodes = {} }: Command): string {
  const synopsis = `usage: wherefrom ${name}${words === undefined ? "" : ` ${words}`} [options]`;
  const usage = [`wherefrom ${name}: ${summary}`, "", synopsis, "", "options:"];
  const codes = Object.entries(exitCodes).map(([code, meaning]) => `  ${code}  ${meaning}`);
  return [...usage, ...formatOptions({ ...options, ...HELP }), "", ...EXIT_CODES, ...codes].join("\n");
}

const formatOptions = (table: OptionTable): string[] =>
  formatTable(
    Object.entries(table).map(([name, { type, short, value = "VALUE", description }]) => [
      `--${name}${type === "string" ? ` ${value}` : ""}${short === undefined ? "" : `, -${short}`}`,
      description,
    ]),
  );

function formatTable(rows: readonly (readonly [name: string, meaning: string])[]): string[] {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, meaning]) => `  ${name.padEnd(width)}  ${meaning}`);
}

/** From our own package.json, which stands one directory above `src` and `dist` alike. */
function readVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string };
  return manifest.version;
}
