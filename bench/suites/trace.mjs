// A trace and a report of ten million events and of as many lines of an access log, from files: time against JSON.parse alone and against goaccess, and the largest memory that the process had. Needs 18 GB of disk.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeAccessLog } from "../harness/access-lines.mjs";
import { writeEvents } from "../harness/event-lines.mjs";
import { judge, versionOf } from "../harness/row.mjs";

/** Events, and lines; fewer for a first look. */
const EVENTS = Number(process.env.WHEREFROM_TRACE_EVENTS ?? 10_000_000);
const FILES = 10;
const ROUNDS = 2;
const [MAIN, PARSE] = ["../../packages/cli/dist/main.js", "../harness/parse-lines.mjs"].map((path) =>
  fileURLToPath(new URL(path, import.meta.url)),
);
/** Written to standard error when the process ends. */
const TELL =
  'data:text/javascript,process.on("exit",()=>{const{maxRSS,userCPUTime,systemCPUTime}=process.resourceUsage();process.stderr.write(`used ${maxRSS} ${userCPUTime+systemCPUTime}\\n`)})';

export function measure() {
  const directory = mkdtempSync(join(tmpdir(), "wherefrom-bench-trace-"));
  try {
    return [...measureEvents(directory), ...measureAccessLog(directory)];
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function measureEvents(directory) {
  const files = Array.from({ length: FILES }, (_, index) => join(directory, `audit.jsonl.${index}`));
  for (const [index, file] of files.entries())
    writeEvents(file, (index * EVENTS) / FILES, ((index + 1) * EVENTS) / FILES, EVENTS);
  const bytes = files.reduce((sum, file) => sum + statSync(file).size, 0);
  const detail = `${EVENTS / 1e6} million events, ${(bytes / 1e9).toFixed(1)} GB, in the page cache as far as they fit; ${versionOf("@duckdb/node-api")}`;
  const rounds = Array.from({ length: ROUNDS }, () => ({
    parse: parse(files),
    trace: run("trace", files),
    report: run("report", files),
  }));
  for (const file of files) rmSync(file);
  return ["trace", "report"].flatMap((command) => [
    row(
      `wherefrom ${command}, our events`,
      "time",
      "JSON.parse alone",
      rounds.map((round) => round[command].seconds / round.parse),
      "<= 2",
      `${detail}; ${rounds.map((round) => `${round[command].seconds.toFixed(1)} s against ${round.parse.toFixed(1)} s`).join(", ")}; ${rounds.map((round) => round[command].cpu.toFixed(0)).join(", ")} s of processor time`,
    ),
    memoryRow(
      `wherefrom ${command}, our events`,
      rounds.map((round) => round[command].megabytes),
      detail,
    ),
  ]);
}

function measureAccessLog(directory) {
  const [whole, half] = [join(directory, "access.log"), join(directory, "half.log")];
  writeAccessLog(whole, EVENTS);
  writeAccessLog(half, EVENTS / 2);
  const detail = `${EVENTS / 1e6} million lines of nginx's combined, ${(statSync(whole).size / 1e9).toFixed(1)} GB; goaccess ${/[\d.]+\d/.exec(spawnSync("goaccess", ["--version"], { encoding: "utf8" }).stdout)?.[0]}`;
  const rounds = Array.from({ length: ROUNDS }, () => ({
    goaccess: goaccess(whole, join(directory, "goaccess.json")),
    trace: run("trace", [whole]),
    half: run("trace", [half]),
  }));
  return [
    row(
      "wherefrom trace, an access log",
      "time",
      "goaccess",
      rounds.map(({ trace, goaccess: other }) => trace.seconds / other),
      "<= 1.5",
      `${detail}; ${rounds.map(({ trace, goaccess: other }) => `${trace.seconds.toFixed(1)} s against ${other.toFixed(1)} s`).join(", ")}`,
    ),
    memoryRow(
      "wherefrom trace, an access log",
      rounds.map(({ trace }) => trace.megabytes),
      detail,
    ),
    row(
      "wherefrom trace, an access log",
      "most memory",
      "a file of half the size",
      rounds.map(({ trace, half: other }) => trace.megabytes / other.megabytes),
      "<= 1.5",
      detail,
    ),
  ];
}

function memoryRow(title, values, detail) {
  return row(title, "most memory, MB", "the bound", values, "<= 1000 MB", detail);
}

function row(title, subject, against, values, must, detail) {
  return judge({
    case: title,
    subject,
    against,
    ratio: Math.max(...values),
    noise: (Math.max(...values) - Math.min(...values)) / 2,
    must,
    detail,
  });
}

/** Seconds that JSON.parse takes for the lines of the files; they are in the page cache then. */
function parse(files) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [PARSE, ...files], { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout).seconds;
}

/** Seconds that goaccess takes for a file. */
function goaccess(file, out) {
  const start = performance.now();
  const { status, error } = spawnSync("goaccess", [file, "--log-format=COMBINED", "--no-progress", "-o", out]);
  if (status !== 0)
    throw new Error("goaccess is needed: apt-get install --no-install-recommends goaccess", { cause: error });
  return (performance.now() - start) / 1000;
}

function run(command, files) {
  const start = performance.now();
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--import", TELL, MAIN, command, ...files, "--json"],
    { encoding: "utf8", maxBuffer: 1 << 28 },
  );
  const seconds = (performance.now() - start) / 1000;
  if (status !== 0 || !stdout.includes("203.0.113.") === (command === "trace"))
    throw new Error(stderr || "the attacker was not found");
  const [, kilobytes, cpuUs] = /used (\d+) (\d+)/.exec(stderr);
  return { seconds, cpu: Number(cpuUs) / 1e6, megabytes: Number(kilobytes) / 1000 };
}
