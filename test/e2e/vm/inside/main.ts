// Runs every case in the machine, and says on the console how each ended: a line "@case" and JSON.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { type CaseReport, KERNEL, WANTED } from "./case-group.ts";
import { GROUPS } from "./groups.ts";

const say = (report: CaseReport): void => {
  // On a line of its own, whatever the kernel has written there.
  process.stdout.write(`\n@case ${JSON.stringify(report)}\n`);
};

const wanted = new Set(JSON.parse(readFileSync(WANTED, "utf8")) as readonly string[]);
const isWanted = (title: string): boolean => wanted.has(title);

say({ title: KERNEL, ok: true, detail: execFileSync("uname", ["-rv"], { encoding: "utf8" }).trim() });
for (const group of GROUPS.before) await group.run(isWanted, say);
execFileSync("mount", ["-t", "cgroup2", "cgroup2", "/sys/fs/cgroup"]);
for (const group of GROUPS.after) await group.run(isWanted, say);
