import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const GUIDE = join(import.meta.dirname, "../../../docs/guides/logins.md");
const [BEGIN, END] = ["<!-- written by npm run e2e -- logins --full --write -->", "<!-- until here -->"];

/** Puts what a run has seen into the guide: `npm run e2e -- logins --full --write`, then `npx oxfmt docs`. */
export function writeResult(table: string): void {
  const text = readFileSync(GUIDE, "utf8");
  const [before = "", rest = ""] = text.split(BEGIN);
  const [, after = ""] = rest.split(END);
  if (after === "") throw new Error(`${GUIDE} has not both of ${BEGIN} and ${END}`);
  writeFileSync(GUIDE, `${before}${BEGIN}\n\n${table}\n\n${END}${after}`);
}
