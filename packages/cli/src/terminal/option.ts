import { parseArgs } from "node:util";
import { nearestSpelling } from "@wherefrom/core/internal";

/** An option that is there or not (`--json`), or one that has a value (`--port 80`, `--port=80`). */
interface Option {
  readonly type: "boolean" | "string";
  /** One letter: `-h`. */
  readonly short?: string;
  /** What its value is, in the help: "COUNT". */
  readonly value?: string;
  readonly description: string;
}

/** By their names without dashes. */
export type OptionTable = Readonly<Record<string, Option>>;

/** What was given: names of the options that are there, and the values of those that have one. Of an option given twice the last value counts. */
export interface OptionReading {
  readonly names: ReadonlySet<string>;
  readonly values: Readonly<Record<string, string>>;
  /** Every value of these, in their order. */
  readonly lists: Readonly<Record<string, readonly string[]>>;
  /** What is no option, such as the names of files. */
  readonly words: readonly string[];
}

/** Reads options, and words where `takesWords`; or answers what is wrong with the first that cannot be read, as a sentence with the nearest right spelling. */
export function readOptions(args: readonly string[], table: OptionTable, takesWords = false): OptionReading | string {
  // Not strict: the messages of Node's own refusal do not know what was meant.
  const { tokens } = parseArgs({ args: [...args], options: table, strict: false, tokens: true });
  const names = new Set<string>();
  const values: Record<string, string> = {};
  const lists: Record<string, string[]> = {};
  const words: string[] = [];
  for (const token of tokens) {
    if (token.kind === "option-terminator") continue;
    if (token.kind === "positional") {
      if (!takesWords) return `Unexpected argument "${token.value}".`;
      words.push(token.value);
      continue;
    }
    const { name, rawName, value } = token;
    const option = Object.hasOwn(table, name) ? table[name] : undefined;
    if (option === undefined) return `Unknown option "${rawName}"${didYouMean(name, Object.keys(table), "--")}`;
    if (option.type === "boolean" && value !== undefined)
      return `"${rawName}" does not take a value: remove "${value}".`;
    if (option.type === "string" && value === undefined) return `"${rawName}" needs a value.`;
    names.add(name);
    if (value === undefined) continue;
    values[name] = value;
    (lists[name] ??= []).push(value);
  }
  return { names, values, lists, words };
}

/** The end of a sentence that refused `text`: the nearest of `candidates`, or a full stop where none is near. */
export function didYouMean(text: string, candidates: readonly string[], dashes = ""): string {
  const near = nearestSpelling(text, candidates);
  return near === undefined ? "." : `; did you mean "${dashes}${near}"?`;
}
