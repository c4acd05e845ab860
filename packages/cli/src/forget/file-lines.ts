import { createReadStream, createWriteStream } from "node:fs";
import { rename, rm, stat } from "node:fs/promises";
import { createInterface } from "node:readline";
import { pipeline } from "node:stream/promises";

/** What is done with a line that names whom is to be forgotten. */
export type Rewrite = (line: string) => string | undefined;

/** Rewrites a file of lines beside itself, and puts the new one in its place at once; answers how many lines were changed or left out. The file keeps its mode. */
export async function rewriteLines(path: string, rewrite: Rewrite): Promise<number> {
  const { mode } = await stat(path);
  const beside = `${path}.forgetting`;
  let changed = 0;
  try {
    await pipeline(
      createInterface({ input: createReadStream(path), crlfDelay: Infinity }),
      async function* lines(source: AsyncIterable<string>) {
        for await (const line of source) {
          const after = rewrite(line);
          if (after !== line) changed++;
          if (after !== undefined) yield `${after}\n`;
        }
      },
      createWriteStream(beside, { mode, flags: "wx" }),
    );
    if (changed > 0) await rename(beside, path);
    return changed;
  } finally {
    await rm(beside, { force: true });
  }
}
