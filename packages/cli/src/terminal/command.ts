import type { OptionReading, OptionTable } from "./option.ts";
import type { Terminal } from "./terminal.ts";

/** What stands behind `wherefrom` on a command line. Another command is another entry in `COMMANDS`. */
export interface Command {
  /** One line, for the list of commands. */
  readonly summary: string;
  /** Without `help`, which every command has. */
  readonly options: OptionTable;
  /** What its words are, where it takes some: "FILES...". */
  readonly words?: string;
  /** Exit codes that it has beside 0, 1 and 2, and what each means. */
  readonly exitCodes?: Readonly<Record<number, string>>;
  /** Answers the exit code. */
  readonly run: (given: OptionReading, terminal: Terminal) => Promise<number>;
}
