// From the start of a process to its first answer, beside the same with proxy-addr: processor time of whole processes, in turns.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { judge, versionOf } from "../harness/row.mjs";

/** Rounds, in each of which every program runs once, in random order. */
const ROUNDS = 41;
const CLI = fileURLToPath(new URL("../../packages/cli/dist/main.js", import.meta.url));
/** Loaded before each program, the same for all: at the end it writes the process's own processor time as a last line. */
const WATCH = `data:text/javascript,process.on("exit",()=>{const{userCPUTime,systemCPUTime}=process.resourceUsage();process.stdout.write("\\n"+(userCPUTime+systemCPUTime)/1000)})`;

const served = (name) => [fileURLToPath(new URL("../served/cold.mjs", import.meta.url)), name];
const PROGRAMS = {
  wherefrom: served("wherefrom"),
  again: served("wherefrom"),
  "proxy-addr": served("proxy-addr"),
  neither: served("neither"),
  version: [CLI, "--version"],
};

export async function measure() {
  const times = Object.fromEntries(Object.keys(PROGRAMS).map((name) => [name, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const name of shuffled(Object.keys(PROGRAMS))) times[name].push(processorTime(PROGRAMS[name]));
  }
  const at = (name) => median(times[name]);
  const ratios = (one, other) => times[one].map((time, round) => time / times[other][round]);
  const noise = Math.abs(median(ratios("again", "wherefrom")) - 1);
  const added = (name) => at(name) - at("neither");
  const ms = (value) => value.toFixed(1);
  return [
    judge({
      case: "start, import, policy compiled, first request answered",
      subject: "@wherefrom/express",
      against: `${versionOf("proxy-addr")} in Express's trust proxy`,
      ratio: median(ratios("wherefrom", "proxy-addr")),
      noise,
      must: "<= 1.5",
      detail: `${ms(at("wherefrom"))} ms against ${ms(at("proxy-addr"))} ms; Express with neither ${ms(at("neither"))} ms`,
    }),
    judge({
      case: "of these, what comes on top of Express with neither",
      subject: "@wherefrom/express, ms",
      against: "nothing",
      ratio: added("wherefrom"),
      noise: Math.abs(at("again") - at("wherefrom")),
      detail: `proxy-addr, which Express has loaded already: ${ms(added("proxy-addr"))} ms`,
    }),
    judge({
      case: "wherefrom --version",
      subject: "the command, ms",
      against: "nothing",
      ratio: at("version"),
      noise: spread(times.version),
      must: "<= 100 ms",
    }),
  ];
}

/** Milliseconds that a process took until it ended, its threads and the kernel's share included: the program that watches it writes them last. */
function processorTime([file, ...args]) {
  const watched = ["--import", WATCH, file, ...args];
  const { stdout, stderr, status } = spawnSync(process.execPath, watched, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${file} failed: ${stderr}`);
  return Number(stdout.split("\n").at(-1));
}

const sorted = (values) => values.toSorted((one, other) => one - other);
const median = (values) => sorted(values)[values.length >> 1];
const spread = (values) => (sorted(values)[(values.length * 3) >> 2] - sorted(values)[values.length >> 2]) / 2;

function shuffled(values) {
  return values
    .map((value) => [Math.random(), value])
    .toSorted(([one], [other]) => one - other)
    .map(([, value]) => value);
}
