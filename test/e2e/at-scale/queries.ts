import { readFileSync } from "node:fs";
import { join } from "node:path";

export const AT_SCALE = join(import.meta.dirname, "..", "..", "..", "examples", "at-scale");

export const read = (name: string): string => readFileSync(join(AT_SCALE, name), "utf8");

export type Row = Readonly<Record<string, unknown>>;

/** A store that has the rows of `writeTraffic`. */
export interface Store {
  /** Asks what a file of `queries` asks. */
  readonly query: (file: string) => Promise<readonly Row[]>;
  readonly close: () => Promise<void>;
}

/** Whole numbers that are longer than JSON's are texts on their way here. */
export const numbered = (rows: readonly Row[]): readonly Row[] =>
  rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([key, value]) => [
        key,
        typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value,
      ]),
    ),
  );
