import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type CaseReport, KERNEL } from "./inside/case-group.ts";
import { kernelDirectory, KERNELS } from "./kernels.mjs";

const ROOT = join(import.meta.dirname, "..", "..", "..");
const FILE = join(import.meta.dirname, "RESULT.md");

/** By kernel and title. */
export type Reports = ReadonlyMap<string, ReadonlyMap<string, CaseReport>>;

/** Keeps what a run has seen beside the suite: `npm run e2e -- vm --write`. */
export function writeResult(reports: Reports, titles: readonly string[], commit: string): void {
  const reportsOf = (title: string): readonly (CaseReport | undefined)[] =>
    KERNELS.map(({ name }) => reports.get(name)?.get(title));
  const kernels = KERNELS.map((kernel) => {
    const packageName = readFileSync(join(kernelDirectory(kernel), "package"), "utf8");
    return `| ${kernel.name} | ${kernel.release} | ${packageName} | ${reports.get(kernel.name)?.get(KERNEL)?.detail} |`;
  });
  const rows = titles.map((title) => `| ${[title, ...reportsOf(title).map(verdict)].map(escape).join(" | ")} |`);
  const said = titles.flatMap((title) => {
    const details = [...new Set(reportsOf(title).map((report) => report?.detail ?? ""))].filter((each) => each !== "");
    return details.length === 0
      ? []
      : [`- ${title}\n${details.map((each) => `  - \`${firstLine(each)}\``).join("\n")}`];
  });
  const names = KERNELS.map(({ name }) => name);
  const text = `# What the vm suite has seen

Written by \`npm run e2e -- vm --write\` on ${new Date().toISOString().slice(0, 10)}, at commit ${commit}, with Node ${process.version} and ${emulator()}.

| kernel | Debian | package | uname -rv |
| --- | --- | --- | --- |
${kernels.join("\n")}

| case | ${names.join(" | ")} |
| --- | ${names.map(() => "---").join(" | ")} |
${rows.join("\n")}

## What the cases had to say

${said.join("\n")}
`;
  writeFileSync(FILE, text);
  execFileSync(join(ROOT, "node_modules", ".bin", "oxfmt"), [FILE], { cwd: ROOT });
}

const verdict = (report: CaseReport | undefined): string =>
  report === undefined ? "not run" : report.ok ? "ok" : "FAILED";
const escape = (text: string): string => text.replaceAll("|", "\\|");
const firstLine = (text: string): string => (text.split("\n", 1)[0] as string).replaceAll("`", "'");

/** What is checked out now, in words. */
export function readCommit(): string {
  const git = (...args: string[]): string => execFileSync("git", args, { cwd: ROOT, encoding: "utf8" }).trim();
  const isChanged = git("status", "--porcelain", "--", ".", ":!test/e2e/vm/RESULT.md") !== "";
  return `${git("rev-parse", "--short=12", "HEAD")}${isChanged ? " with changes that are not committed" : ""}`;
}

/** "QEMU emulator version 7.2.22 (Debian ...)". */
function emulator(): string {
  return firstLine(execFileSync("qemu-system-x86_64", ["--version"], { encoding: "utf8" }));
}
