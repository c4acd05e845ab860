import { existsSync, readFileSync } from "node:fs";

/** All lines of `jsonLines(path)`: alerts, logins and requests have a file each. */
export function auditText(path: string): string {
  const beside = (word: string): string => path.replace(/\.jsonl$/, `.${word}.jsonl`);
  return [beside("alerts"), beside("logins"), path]
    .filter((each) => existsSync(each))
    .map((each) => readFileSync(each, "utf8"))
    .join("");
}
