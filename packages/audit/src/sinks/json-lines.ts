import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { rotatingFile } from "./rotating-file.ts";
import { Sink, type SinkOptions } from "./sink.ts";

/** Size at which a file is put aside: what an editor still opens at once. */
const ROTATE_SIZE = "64M";
/** Files that are kept beside the current one. */
const KEPT_FILES = 5;
const UNITS = { B: 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 } as const;

export interface JsonLinesOptions extends SinkOptions {
  /** A number of bytes with B, K, M or G behind it. Default "64M". */
  readonly rotateSize?: `${number}${"B" | "K" | "M" | "G"}` | undefined;
  /** Files that were put aside, at most. Default 5, or one for each of `keptDays` where these are more. */
  readonly keptFiles?: number | undefined;
  /** Days (UTC) after which what was written is removed, by this process or the next one. Default: only `keptFiles` counts. */
  readonly keptDays?: number | undefined;
  /** Milliseconds since 1970, by which files get old. Default `Date.now`. */
  readonly now?: (() => number) | undefined;
}

/**
 * Lines in a file of which only its owner reads, which becomes `path.1` when it has its size, that `path.2`, and so on. Its directory is made. One process writes a file.
 * Throws where it cannot be written now, and a RangeError for a size or count that is none.
 */
export function jsonLines(path: string, options: JsonLinesOptions = {}): Sink {
  const { rotateSize = ROTATE_SIZE, keptDays, now = Date.now, ...rest } = options;
  const keptFiles = options.keptFiles ?? Math.max(KEPT_FILES, keptDays ?? 0);
  for (const [name, value] of Object.entries({ keptFiles, keptDays })) {
    if (value !== undefined && !(Number.isInteger(value) && value >= 0))
      throw new RangeError(`${name} is a whole number from 0 on, not ${JSON.stringify(value)}`);
  }
  const sizeBytes = sizeOf(rotateSize);
  mkdirSync(dirname(path), { recursive: true });
  // What the sink would find out only later.
  closeSync(openSync(path, "a", 0o600));
  return new Sink(path, () => rotatingFile({ path, sizeBytes, keptFiles, keptDays, now }), rest);
}

function sizeOf(text: string): number {
  const [, digits, unit] = /^(\d+)([BKMG])$/.exec(text) ?? [];
  const size = Number(digits) * UNITS[unit as keyof typeof UNITS];
  if (size > 0) return size;
  throw new RangeError(
    `rotateSize is a number of bytes with B, K, M or G behind it, such as "64M", not ${JSON.stringify(text)}`,
  );
}
