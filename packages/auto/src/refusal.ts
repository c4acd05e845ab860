import { writeSync } from "node:fs";
import { WherefromError } from "@wherefrom/core";

/** EX_CONFIG of sysexits.h: what starts the process again and again has something to tell it by from a crash. */
const EXIT_CONFIG = 78;

/** One sentence on standard error, and the end of the process (of a worker: of its thread): a server that would believe its clients must not start. */
export function refuseStart(error: unknown): never {
  const sentence = WherefromError.is(error) ? error.message : String((error as Error | undefined)?.stack ?? error);
  try {
    // Not by a stream, which a process that exits may not flush.
    writeSync(2, `wherefrom: not started: ${sentence}\n`);
  } catch {
    // Standard error is closed or full: the exit code says it.
  }
  process.exit(EXIT_CONFIG);
}
