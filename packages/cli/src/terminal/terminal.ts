import { styleText } from "node:util";

/** Where a command writes, and how it learns that it should end. Tests bring their own. */
export interface Terminal {
  /** One line, or several, to standard output. */
  readonly out: (text: string) => void;
  /** Bytes to standard output, where that is a file or a pipe; undefined where people would read them. */
  readonly bytes?: ((data: Uint8Array) => void) | undefined;
  /** To standard error. */
  readonly err: (text: string) => void;
  /** Writes a line to standard error that the next one takes the place of, or takes it away (""); undefined where that is no terminal. */
  readonly progress?: ((text: string) => void) | undefined;
  /** Whether `out` may be coloured. */
  readonly hasColors: boolean;
  /** Settles at Ctrl-C, or when the process is asked to end. Before the first call such a signal ends the process at once. */
  readonly interruption: () => Promise<void>;
}

/** The terminal, pipe or file that this process was started with. */
export function processTerminal(): Terminal {
  // `wherefrom demo | head`: the reader has seen enough, and that is no fault.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    process.stderr.write(`wherefrom: cannot write to standard output: ${error.message}.\n`);
    process.exit(1);
  });
  return {
    out: (text) => void process.stdout.write(`${text}\n`),
    bytes: process.stdout.isTTY ? undefined : (data) => void process.stdout.write(data),
    err: (text) => void process.stderr.write(`${text}\n`),
    progress: process.stderr.isTTY ? (text) => void process.stderr.write(`\r\x1b[K${text}`) : undefined,
    hasColors: wantsColors(process.stdout.isTTY, process.env),
    interruption: () =>
      new Promise((settle) => {
        for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => settle());
      }),
  };
}

/** Colours are for people at a terminal that has them and who did not refuse them (no-color.org: set, and not empty). */
export function wantsColors(isTTY: boolean | undefined, env: Readonly<Record<string, string | undefined>>): boolean {
  return isTTY === true && (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb";
}

/** What a piece of text is, and its style where it is coloured. */
const STYLES = { heading: "bold", good: "green", bad: "red", note: "yellow", quiet: "dim" } as const;

/** Puts a text in the style of what it is, or returns it as it is. */
export type Paint = (ink: keyof typeof STYLES, text: string) => string;

/** `hasColors` decides alone: styleText's own look at standard output differs between versions of Node. */
export function createPaint(hasColors: boolean): Paint {
  return (ink, text) => (hasColors ? styleText(STYLES[ink], text, { validateStream: false }) : text);
}

/** Exit code of a command line that cannot be understood, after the sentence that says why. `program` is what was typed: "wherefrom trace". */
export function refuse(sentence: string, program: string, terminal: Terminal): number {
  terminal.err(`${sentence} "${program} --help" lists the options.`);
  return 2;
}

/** Exit code of a command that could not do what it was asked, after the sentence that says why. */
export function fail(sentence: string, terminal: Terminal): number {
  terminal.err(sentence);
  return 1;
}
