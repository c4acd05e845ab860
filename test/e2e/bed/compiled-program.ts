import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

export interface CompiledProgram {
  readonly path: string;
  readonly remove: () => void;
}

/** A program of one file of C, or with more, in a directory of its own. */
export function compileProgram(source: string, ...more: readonly string[]): CompiledProgram {
  const name = basename(source, ".c");
  const directory = mkdtempSync(join(tmpdir(), `wherefrom-${name}-`));
  const path = join(directory, name);
  execFileSync("cc", ["-O2", "-Wall", "-o", path, source, ...more]);
  return { path, remove: () => rmSync(directory, { recursive: true }) };
}
