// Run with files: reads them line by line and writes to standard output for how many seconds JSON.parse alone ran.
import { closeSync, openSync, readSync } from "node:fs";

const CHUNK_BYTES = 4 << 20;
const chunk = Buffer.alloc(CHUNK_BYTES);
let [seconds, events] = [0, 0];
for (const path of process.argv.slice(2)) {
  const file = openSync(path, "r");
  let rest = "";
  for (let length = readSync(file, chunk); length > 0; length = readSync(file, chunk)) {
    // latin1: what is cut between two bytes stays whole.
    const lines = (rest + chunk.toString("latin1", 0, length)).split("\n");
    rest = lines.pop();
    const start = performance.now();
    for (const line of lines) if (JSON.parse(line).event !== undefined) events++;
    seconds += (performance.now() - start) / 1000;
  }
  closeSync(file);
}
process.stdout.write(`${JSON.stringify({ seconds, events })}\n`);
