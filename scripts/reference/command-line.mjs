import { loadSource } from "./runtime.mjs";

/** What the command writes for these words. */
async function written(runCommandLine, words) {
  const lines = [];
  const write = (text) => void lines.push(text);
  await runCommandLine(words, { out: write, err: write, hasColors: false, interruption: () => new Promise(() => {}) });
  return lines.join("\n");
}

/** The rows of a chapter of a help text: "  --from VALUE  look from this time on". @returns {[name: string, meaning: string][]} */
function rowsOf(help, chapter) {
  const [, text = ""] = new RegExp(`^${chapter}:\\n((?:  .*\\n?)+)`, "m").exec(help) ?? [];
  return [...text.matchAll(/^ {2}(\S.*?) {2,}(.*)$/gm)].map(([, name, meaning]) => [name, meaning]);
}

/** Every command with its options, from its own help. */
export async function readCommands() {
  const { runCommandLine } = await loadSource("cli", "command-line.ts");
  const help = await written(runCommandLine, ["--help"]);
  const commands = [];
  for (const [name, summary] of rowsOf(help, "commands")) {
    const own = await written(runCommandLine, [...name.split(" "), "--help"]);
    const [, usage] = /^usage: (.*)$/m.exec(own);
    commands.push({ name, summary, usage, options: rowsOf(own, "options") });
  }
  return { commands, options: rowsOf(help, "options") };
}

const escape = (text) => text.replaceAll(/[<*]/g, (mark) => `\\${mark}`);
const listText = (options) => options.map(([name, meaning]) => `- \`${name}\`: ${escape(meaning)}`).join("\n");

export async function commandsText() {
  const { commands, options } = await readCommands();
  return [
    "## Options of every command",
    listText(options),
    ...commands.map(({ name, summary, usage, options: own }) =>
      [
        `## wherefrom ${name}`,
        `${escape(summary[0].toUpperCase() + summary.slice(1))}.`,
        `\`\`\`text\n${usage}\n\`\`\``,
        listText(own),
      ].join("\n\n"),
    ),
  ].join("\n\n");
}
