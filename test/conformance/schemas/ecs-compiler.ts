import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

const require = createRequire(import.meta.url);
const TSC = join(import.meta.dirname, "..", "..", "..", "node_modules", ".bin", "tsc");
const OPTIONS = [
  "--noEmit",
  "--strict",
  "--skipLibCheck",
  "--module",
  "esnext",
  "--moduleResolution",
  "bundler",
  "--types",
  "",
];

/** The version is a literal in the package's types: any other one's documents are refused for it alone. `wherefrom` is ours. */
const document = (path: string): string => `import type { Ecs } from ${JSON.stringify(path)};
type Document = Omit<Ecs, "ecs"> & { ecs: { version: string }; wherefrom?: object };`;

/**
 * What TypeScript says of these documents as object literals of Elastic's own type `Ecs`, by the document's index: a field that it does not have is an excess property,
 * and one of another type is not assignable. `name` is that of @elastic/ecs, or of an alias of it.
 */
export async function typeErrors(name: string, documents: readonly object[]): Promise<ReadonlyMap<number, string>> {
  const head = document(require.resolve(name));
  const lines = documents.map((each, index) => `export const d${index}: Document = ${JSON.stringify(each)};`);
  const directory = mkdtempSync(join(tmpdir(), "wherefrom-ecs-"));
  try {
    writeFileSync(join(directory, "documents.ts"), `${head}\n${lines.join("\n")}\n`);
    const output = await compile(directory);
    const first = head.split("\n").length + 1;
    const errors = new Map<number, string>();
    for (const line of output.split("\n")) {
      const [, place, text] = /^documents\.ts\((\d+),\d+\): error (.*)$/.exec(line) ?? [];
      if (place !== undefined && text !== undefined) errors.set(Number(place) - first, text);
      else if (/\berror TS\d+/.test(line)) throw new Error(line);
    }
    return errors;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** What the compiler writes, which ends with 1 or 2 where it has found something. */
function compile(directory: string): Promise<string> {
  return new Promise((settle, fail) => {
    execFile(TSC, [...OPTIONS, "documents.ts"], { cwd: directory, maxBuffer: 1 << 28 }, (error, stdout, stderr) => {
      if (error === null || (typeof error.code === "number" && stdout !== "")) settle(stdout);
      else fail(new Error(`tsc: ${stderr}`, { cause: error }));
    });
  });
}
