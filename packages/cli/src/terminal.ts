/** Where a command writes, and how it learns that somebody wants it to end. Tests bring their own. */
export interface Terminal {
  /** One line, or several, to standard output. */
  readonly out: (text: string) => void;
  /** To standard error. */
  readonly err: (text: string) => void;
  /** Whether `out` may be coloured. */
  readonly hasColors: boolean;
  /** Settles at Ctrl-C, or when the process is asked to end. Before the first call such a signal ends the process at once. */
  readonly interruption: () => Promise<void>;
}

/** The terminal, pipe or file that this process was started with. */
export function processTerminal(): Terminal {
  // `wherefrom demo | head`: the reader has seen enough, and that is no fault.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit(0);
  });
  return {
    out: (text) => void process.stdout.write(`${text}\n`),
    err: (text) => void process.stderr.write(`${text}\n`),
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
