// node disk-full.mjs DIRECTORY: fills the file system of its audit, makes room, and tells what became of the lines. Run in a mount namespace of its own.
import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { jsonLines } from "@wherefrom/audit";

const [directory] = process.argv.slice(2);
execFileSync("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", directory]);
const path = join(directory, "audit.jsonl");
const troubles = [];
const sink = jsonLines(path, { retryMs: 20, onTrouble: (trouble) => troubles.push(trouble) });
writeFileSync(join(directory, "filler"), Buffer.alloc(128 * 1024));
for (let n = 0; n < 1500; n++) sink.write(JSON.stringify({ n, pad: "x".repeat(100) }));
while (sink.status.trouble === undefined) await sleep(5);
const whenFull = readFileSync(path, "utf8");
rmSync(join(directory, "filler"));
while (sink.status.trouble !== undefined) await sleep(5);
await sink.close();
const numbersOf = (text) =>
  text
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line).n);
const status = sink.status;
console.log(
  JSON.stringify({ troubles, status, whenFull: numbersOf(whenFull), after: numbersOf(readFileSync(path, "utf8")) }),
);
