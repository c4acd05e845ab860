import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The root of the tree. */
export const ROOT: string = join(import.meta.dirname, "..", "..", "..");

/** A fenced block of a page. */
export interface CodeBlock {
  /** From the root: "docs/start.md". */
  readonly page: string;
  /** The line of its fence, from 1. */
  readonly line: number;
  readonly language: string;
  readonly text: string;
  /** The text between the block before, or the heading, and this one. */
  readonly intro: string;
}

/** Every page that users and contributors read. Changelogs are generated. */
export function pages(): string[] {
  const below = (directory: string): string[] =>
    readdirSync(join(ROOT, directory), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".md") && !file.includes("node_modules") && !file.endsWith("CHANGELOG.md"))
      .map((file) => join(directory, file));
  const top = readdirSync(ROOT).filter((file) => file.endsWith(".md"));
  return [...top, ...["docs", "packages", "native", "examples"].flatMap(below)].toSorted();
}

const FENCE = /^( *)```(\w*)[^\n]*\n([\s\S]*?)^\1```$/gm;

/** The blocks of a page. One that begins with `// continued` goes on where the block before it ended: both are one. */
export function codeBlocks(page: string, text: string = readFileSync(join(ROOT, page), "utf8")): CodeBlock[] {
  const blocks: CodeBlock[] = [];
  let end = 0;
  for (const { 0: whole, 1: indent = "", 2: language = "", 3: body = "", index } of text.matchAll(FENCE)) {
    const line = text.slice(0, index).split("\n").length;
    const intro =
      text
        .slice(end, index)
        .split(/^#+ .*$/m)
        .at(-1)
        ?.trim() ?? "";
    end = index + whole.length;
    const own = body.replaceAll(new RegExp(`^${indent}`, "gm"), "");
    const before = blocks.at(-1);
    if (own.startsWith("// continued") && before?.language === language)
      blocks[blocks.length - 1] = { ...before, text: before.text + own };
    else blocks.push({ page, line, language, text: own, intro });
  }
  return blocks;
}
