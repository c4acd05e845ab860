// What the attached programs cost a connection that carries no TOA, and every getsockopt of the group. Needs root, cc, and control groups v2.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { attachToaPrograms } from "@wherefrom/net";
import { median, spread } from "./interleaved.mjs";
import { judge } from "./row.mjs";

const ROUNDS = 600;
const BATCH = 100;

export async function measure() {
  const root = readFileSync("/proc/self/mounts", "utf8")
    .split("\n")
    .map((line) => line.split(" "))
    .find(([, , type]) => type === "cgroup2")?.[1];
  if (root === undefined) throw new Error("no cgroup2 is mounted");
  const directory = mkdtempSync(join(tmpdir(), "wherefrom-bpf-"));
  const program = join(directory, "bpf_pair");
  const groups = ["plain", "twin", "watched"].map((name) => join(root, `wherefrom-bench-${process.pid}-${name}`));
  try {
    execFileSync("cc", ["-O2", "-o", program, join(import.meta.dirname, "bpf_pair.c")]);
    for (const group of groups) mkdirSync(group);
    const attached = attachToaPrograms(groups[2]);
    if (attached !== "on") throw new Error(attached);
    const run = (asks) =>
      execFileSync(program, [ROUNDS, BATCH, asks, ...groups].map(String), { encoding: "utf8", maxBuffer: 1 << 24 })
        .trim()
        .split("\n")
        .map((line) => line.split(" ").map(Number));
    const [plain, twin, watched] = run(0);
    const [askedPlain, askedTwin, askedWatched] = run(1);
    const row = (title, subject, base, control, value, must) => {
      const differences = value.map((each, round) => each - base[round]);
      const aa = median(control.map((each, round) => each - base[round]));
      const error = (1.25 * (spread(differences) / 0.675)) / Math.sqrt(differences.length);
      return judge({
        case: title,
        subject,
        against: "the same in a group without them",
        ratio: median(differences),
        noise: Math.max(Math.abs(aa), error),
        must,
        detail: `${median(value).toFixed(2)} us against ${median(base).toFixed(2)} us; A/A ${aa.toFixed(2)} us`,
      });
    };
    return [
      row(
        "a connection without TOA",
        "microseconds more with the programs attached",
        plain,
        twin,
        watched,
        "<= 0.5 us",
      ),
      row("the same and one getsockopt of something else", "microseconds more", askedPlain, askedTwin, askedWatched),
    ];
  } finally {
    rmSync(directory, { recursive: true });
    for (const group of groups) rmdirSync(group);
  }
}
