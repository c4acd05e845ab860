// node event-flood.mjs none|audit: a hundred thousand events a second for five seconds, as far as the machine lets us, and what that does to the event loop. Started by audit.mjs.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { auditResolution, auditTo, jsonLines } from "@wherefrom/audit";
import { compilePolicy, resolve } from "@wherefrom/core";

const WANTED = 100_000;
const SECONDS = 5;
/** At the most in one turn of the loop, so that what blocks is the audit and not the flood. */
const TURN = 200;

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

let told = 0;
for (let warm = 0; warm < 20_000; warm++) tell(warm);
await sink.flush();
const before = sink.status;
const cpu = process.cpuUsage();
const start = performance.now();
/** Processor time of all threads from one turn of the loop to the next: what others do on the machine is not in it. */
const turns = [];
let last = 0;
await new Promise((done) => {
  const turn = () => {
    const used = process.cpuUsage(cpu);
    turns.push(used.user + used.system - last);
    last = used.user + used.system;
    const elapsed = performance.now() - start;
    if (elapsed >= SECONDS * 1000) return done();
    const due = Math.min(TURN, Math.floor((elapsed / 1000) * WANTED) - told);
    for (let n = 0; n < due; n++) tell(told++);
    setImmediate(turn);
  };
  turn();
});
const { user, system } = process.cpuUsage(cpu);
await sink.close();
rmSync(directory, { recursive: true });
process.send({
  wanted: WANTED,
  seconds: SECONDS,
  told,
  written: sink.status.written - before.written,
  lost: sink.status.lost,
  longestMs: turns.toSorted((a, b) => a - b).at(-1) / 1000,
  mostMs: turns.toSorted((a, b) => a - b).at(-Math.ceil(turns.length / 1000)) / 1000,
  microseconds: (user + system) / told,
});
process.disconnect();
