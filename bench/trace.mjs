// A trace of ten million events, from files: time, and the largest memory that the process had.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeEvents } from "./event-lines.mjs";
import { judge, versionOf } from "./row.mjs";

/** Events; fewer for a first look. */
const EVENTS = Number(process.env.WHEREFROM_TRACE_EVENTS ?? 10_000_000);
const FILES = 10;
const ROUNDS = 2;
const MAIN = fileURLToPath(new URL("../packages/cli/dist/main.js", import.meta.url));
/** Written to standard error when the process ends. */
const TELL =
  'data:text/javascript,process.on("exit",()=>{const{maxRSS,userCPUTime,systemCPUTime}=process.resourceUsage();process.stderr.write(`used ${maxRSS} ${userCPUTime+systemCPUTime}\\n`)})';

export function measure() {
  const directory = mkdtempSync(join(tmpdir(), "wherefrom-bench-trace-"));
  try {
    const files = Array.from({ length: FILES }, (_, index) => join(directory, `audit.jsonl.${index}`));
    for (const [index, file] of files.entries())
      writeEvents(file, (index * EVENTS) / FILES, ((index + 1) * EVENTS) / FILES, EVENTS);
    const bytes = files.reduce((sum, file) => sum + statSync(file).size, 0);
    const detail = `${EVENTS / 1e6} million events, ${(bytes / 1e9).toFixed(1)} GB, in the page cache as far as they fit; ${versionOf("@duckdb/node-api")}`;
    return ["trace", "report"].flatMap((command) => {
      const runs = Array.from({ length: ROUNDS }, () => run(command, files));
      return [
        row(
          `wherefrom ${command}`,
          "seconds",
          runs.map(({ seconds }) => seconds),
          "<= 15 s",
          `${detail}; ${runs.map(({ cpu }) => cpu.toFixed(0)).join(", ")} s of processor time`,
        ),
        row(
          `wherefrom ${command}`,
          "most memory, MB",
          runs.map(({ megabytes }) => megabytes),
          "<= 1000 MB",
          detail,
        ),
      ];
    });
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function row(title, subject, values, must, detail) {
  return judge({
    case: title,
    subject,
    against: "the bound",
    ratio: Math.max(...values),
    noise: (Math.max(...values) - Math.min(...values)) / 2,
    must,
    detail,
  });
}

function run(command, files) {
  const start = performance.now();
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--import", TELL, MAIN, command, ...files, "--json"],
    { encoding: "utf8", maxBuffer: 1 << 28 },
  );
  const seconds = (performance.now() - start) / 1000;
  if (status !== 0 || !stdout.includes("203.0.113.7") === (command === "trace"))
    throw new Error(stderr || "the attacker was not found");
  const [, kilobytes, cpuUs] = /used (\d+) (\d+)/.exec(stderr);
  return { seconds, cpu: Number(cpuUs) / 1e6, megabytes: Number(kilobytes) / 1000 };
}
