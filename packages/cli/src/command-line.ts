import { readFileSync } from "node:fs";
import type { Command } from "./command.ts";
import { demo } from "./demo.ts";
import { report } from "./report.ts";
import { didYouMean, type OptionTable, readOptions } from "./option.ts";
import type { Terminal } from "./terminal.ts";
import { attach } from "./toa/attach.ts";
import { detach } from "./toa/detach.ts";
import { status } from "./toa/status.ts";
import { trace } from "./trace.ts";

/** A name has one word, or two. */
const COMMANDS: Readonly<Record<string, Command>> = {
  demo,
  trace,
  report,
  "toa attach": attach,
  "toa detach": detach,
  "toa status": status,
};

const HELP: OptionTable = { help: { type: "boolean", short: "h", description: "say how it is used" } };
/** Options that stand where a command's name would. */
const GLOBAL_OPTIONS: OptionTable = { ...HELP, version: { type: "boolean", description: "say which version this is" } };

/** Exit code for a command line that cannot be read, as most programs have it. */
const USAGE_ERROR = 2;

/** Runs what `args` asks for, and answers the exit code: 0, what the command says, or 2 when the command line cannot be read. */
export async function runCommandLine(args: readonly string[], terminal: Terminal): Promise<number> {
  const { name, rest } = readName(args);
  if (name === "") {
    terminal.err(formatHelp());
    return USAGE_ERROR;
  }
  if (name.startsWith("-")) return runWithoutCommand(args, terminal);
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) {
    return refuse(`There is no command "${name}"${didYouMean(name, Object.keys(COMMANDS))}`, "wherefrom", terminal);
  }
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
  const isPair = Object.keys(COMMANDS).some((command) => command.startsWith(`${first} `)) && !second.startsWith("-");
  return isPair ? { name: `${first} ${second}`.trim(), rest: rest.slice(1) } : { name: first, rest };
}

function runWithoutCommand(args: readonly string[], terminal: Terminal): number {
  const given = readOptions(args, GLOBAL_OPTIONS);
  if (typeof given === "string") return refuse(given, "wherefrom", terminal);
  terminal.out(given.names.has("help") ? formatHelp() : readVersion());
  return 0;
}

function refuse(sentence: string, program: string, terminal: Terminal): number {
  terminal.err(`${sentence} "${program} --help" lists what there is.`);
  return USAGE_ERROR;
}

function formatHelp(): string {
  return [
    "wherefrom: who is the client at the other end, and how do we know?",
    "",
    "usage: wherefrom <command> [options]",
    "",
    "commands:",
    ...formatTable(Object.entries(COMMANDS).map(([name, { summary }]) => [name, summary])),
    "",
    "options:",
    ...formatOptions(GLOBAL_OPTIONS),
  ].join("\n");
}

function formatCommandHelp(name: string, { summary, options, words }: Command): string {
  const synopsis = `usage: wherefrom ${name}${words === undefined ? "" : ` ${words}`} [options]`;
  const usage = [`wherefrom ${name}: ${summary}`, "", synopsis, "", "options:"];
  return [...usage, ...formatOptions({ ...options, ...HELP })].join("\n");
}

const formatOptions = (table: OptionTable): string[] =>
  formatTable(
    Object.entries(table).map(([name, { type, short, description }]) => [
      `--${name}${type === "string" ? " VALUE" : ""}${short === undefined ? "" : `, -${short}`}`,
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
