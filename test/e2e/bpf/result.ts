import { execFileSync } from "node:child_process";
import { cpus, release } from "node:os";
import type { Tally } from "../bed/crowd.ts";
import { type Cell, settingOf } from "./matrix.ts";

/** What one cell has answered. */
export interface Run {
  readonly cell: Cell;
  readonly tally: Tally;
}

const git = (...words: readonly string[]): string =>
  execFileSync("git", words, { encoding: "utf8", cwd: import.meta.dirname }).trim();

/** The committed result of a full run: when, where, of what, and the sums. */
export function resultText(runs: readonly Run[]): string {
  const sum = (some: readonly Run[], column: keyof Tally): number =>
    some.reduce((total, { tally }) => total + tally[column], 0);
  const rows = (["packet", "path", "kind", "cookies", "reader"] as const).flatMap((column) =>
    [...new Set(runs.map(({ cell }) => cell[column]))].map((value) => {
      const some = runs.filter(({ cell }) => cell[column] === value);
      const name = column === "cookies" ? `syncookies ${value}` : column === "kind" ? `kind ${value}` : value;
      const figures = (["right", "unknown", "wrong", "failed"] as const).map((each) => sum(some, each));
      return `| ${[name, some.length, ...figures].join(" | ")} |`;
    }),
  );
  const largest = runs.toSorted((a, b) => b.tally.right - a.tally.right)[0];
  const asExpected = runs.filter(({ cell, tally }) => {
    const all = tally.right + tally.wrong + tally.unknown + tally.failed;
    return tally[settingOf(cell).expected] === all;
  });
  return [
    "# `npm run e2e -- bpf --full`",
    "",
    `${new Date().toISOString().slice(0, 10)}, Linux ${release()}, Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model.trim()}, commit ${git("rev-parse", "--short", "HEAD")}${git("status", "--porcelain", "--", "../../../native", "../../../packages") === "" ? "" : " with changes"}`,
    "",
    `${runs.length} cells, of which ${asExpected.length} answered as expected; ${sum(runs, "right") + sum(runs, "unknown") + sum(runs, "wrong") + sum(runs, "failed")} connections; ` +
      `${sum(runs, "wrong")} wrong. The largest had ${largest?.tally.right} clients, each with an address of its own, 200 at a time, in ${largest?.tally.seconds} seconds.`,
    "Each connection sent the address and port that the balancer should have told, and the server compared them with the client that wherefrom named.",
    "`unknown` is expected of options in SYNs under SYN cookies, and of all but SYNs from the reader saved-syn.",
    "",
    "| of              | cells | right | unknown | wrong | failed |",
    "| --------------- | ----- | ----- | ------- | ----- | ------ |",
    ...rows,
    "",
  ].join("\n");
}
