// node served/event-flood.mjs none|audit: a hundred thousand events a second for five seconds, as far as the machine lets us, and what that does to the event loop. Started by suites/audit.mjs.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { auditResolution, auditTo, jsonLines } from "@wherefrom/audit";
import { compilePolicy, resolve } from "@wherefrom/core";

const WANTED = 100_000;
const SECONDS = 5;
/** At the most in one turn of the loop, so that what blocks is the audit and not the flood. */
const TURN = 200;
const WAIT_MS = 1;
const WARM_UP_TURNS = 100;

const directory = mkdtempSync(join(tmpdir(), "wherefrom-bench-"));
const sink = jsonLines(join(directory, "audit.jsonl"), { rotateSize: "64M", keptFiles: 1, onTrouble: () => {} });
if (process.argv[2] === "audit") auditTo(sink);

const policy = compilePolicy({ trust: ["10.0.0.9"], from: "x-forwarded-for" });
const connection = { transport: "tcp", peer: "10.0.0.9", peerPort: 40000, claims: [] };
const local = { address: "10.0.0.1", port: 443 };
const tell = (index) => {
  const headers = { "x-forwarded-for": `203.0.${index & 127}.${index % 251}` };
  auditResolution(resolve({ connection, headers }, policy), { transport: "tcp", local, bytes: 1234 });
};

for (let turn = 0; turn < WARM_UP_TURNS; turn++) {
  for (let n = 0; n < TURN; n++) tell(n);
  await sleep(WAIT_MS);
}
await sink.flush();
const before = sink.status;
let told = 0;
let turns = 0;
let longestMs = 0;
/** Turns that were longer than a millisecond. */
let longTurns = 0;
const cpu = process.cpuUsage();
const start = performance.now();
await new Promise((done) => {
  let last = start;
  const turn = () => {
    const now = performance.now();
    turns++;
    const turnMs = now - last - WAIT_MS;
    longestMs = Math.max(longestMs, turnMs);
    if (turnMs > 1) longTurns++;
    last = now;
    const elapsed = now - start;
    if (elapsed >= SECONDS * 1000) return done();
    const due = Math.min(TURN, Math.floor((elapsed / 1000) * WANTED) - told);
    for (let n = 0; n < due; n++) tell(told++);
    setTimeout(turn, WAIT_MS);
  };
  turn();
});
const { user, system } = process.cpuUsage(cpu);
const { written, lost } = sink.status;
await sink.close();
rmSync(directory, { recursive: true });
process.send({
  wanted: WANTED,
  seconds: SECONDS,
  told,
  written: written - before.written,
  lost,
  longestMs,
  longTurns,
  turns,
  microseconds: (user + system) / told,
});
process.disconnect();
