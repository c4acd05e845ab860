import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileStats } from "../terminal/file-stats.ts";

/** Files that `word` names: itself, or what a pattern with `*` and `?` fits, by name, when a shell did not do it. "-" is standard input. */
export function expandName(word: string): readonly string[] {
  if (word === "-" || !/[*?]/.test(word) || isThere(word)) return [word];
  const isAbsolute = word.startsWith("/");
  let found = [isAbsolute ? "/" : ""];
  for (const part of word.split("/").filter((each) => each !== "")) {
    if (!/[*?]/.test(part)) found = found.map((directory) => join(directory, part)).filter(isThere);
    else {
      const pattern = new RegExp(
        `^${part
          .replace(/[.+^${}()|[\]\\]/g, "\\$&")
          .replaceAll("*", ".*")
          .replaceAll("?", ".")}$`,
      );
      found = found.flatMap((directory) =>
        namesIn(directory === "" ? "." : directory)
          .filter((name) => pattern.test(name) && (part.startsWith(".") || !name.startsWith(".")))
          .map((name) => join(directory, name)),
      );
    }
  }
  return found;
}

function isThere(path: string): boolean {
  try {
    fileStats(path);
    return true;
  } catch {
    return false;
  }
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory).toSorted();
  } catch {
    return [];
  }
}
