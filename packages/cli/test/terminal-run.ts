import { runCommandLine } from "../src/command-line.ts";

export interface CommandRun {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the command as at a terminal whose operator presses Ctrl-C when `until` settles, or never. `seen` gets each line as it is written. */
export async function runAtTerminal(
  args: readonly string[],
  until: Promise<void> = new Promise(() => {}),
  seen: (line: string) => void = () => {},
): Promise<CommandRun> {
  let [out, err] = ["", ""];
  const terminal = {
    out: (text: string) => {
      out += `${text}\n`;
      seen(text);
    },
    err: (text: string) => void (err += `${text}\n`),
    hasColors: false,
    interruption: () => until,
  };
  return { code: await runCommandLine(args, terminal), out, err };
}
