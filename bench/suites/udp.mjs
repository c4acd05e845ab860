// Processor time per datagram, each with an option: node:dgram, ours, and a loop of recvmmsg in C. Needs root (the option) and cc; pins sender and receivers.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createSocket } from "node:dgram";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { execFile } from "node:child_process";
import { median, spread } from "../harness/interleaved.mjs";
import { judge } from "../harness/row.mjs";

const ROUNDS = Number(process.env.ROUNDS ?? 7);
const SECONDS = 1.5;
const KINDS = [
  "dgram",
  "message",
  "forgetful",
  "proof",
  "unasked",
  "batch",
  "words",
  "views",
  "copies",
  "c",
  "dgram again",
];

async function freePort() {
  const socket = createSocket("udp4").bind(0, "127.0.0.1");
  await once(socket, "listening");
  const { port } = socket.address();
  await new Promise((resolve) => socket.close(resolve));
  return port;
}

/** Nanoseconds of processor time per datagram of one receiver under load. */
async function receive(program, kind, size, rate) {
  const port = await freePort();
  const script = join(import.meta.dirname, "..", "served", "udp-receiver.mjs");
  const [command, ...args] =
    kind === "c"
      ? [program, "receive", port, 1]
      : ["taskset", "-c", 1, process.execPath, script, kind === "dgram again" ? "dgram" : kind, port];
  const child = spawn(command, args.map(String), { stdio: ["pipe", "pipe", "inherit"] });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (part) => (text += part));
  while (!text.includes("ready")) await once(child.stdout, "data");
  const send = () => promisify(execFile)(program, ["send", port, size, rate, SECONDS, 0].map(String));
  // Compilers must have done their work.
  await send();
  child.stdin.write("from here\n");
  await send();
  child.stdin.end();
  await once(child, "close");
  const [received, clients, micros] = text.split("\n")[1].split(" ").map(Number);
  if (received === 0) throw new Error(`${kind} received nothing`);
  if (["message", "forgetful", "proof", "batch", "c"].includes(kind) && clients !== received)
    throw new Error(`${kind} missed clients`);
  return (1000 * micros) / received;
}

export async function measure() {
  const directory = mkdtempSync(join(tmpdir(), "wherefrom-udp-"));
  try {
    const program = join(directory, "udp_pair");
    execFileSync("cc", ["-O2", "-o", program, join(import.meta.dirname, "..", "floors", "udp_pair.c")]);
    const rows = [];
    for (const [title, size, rate] of [
      ["64 bytes, saturated", 64, 0],
      ["1200 bytes, saturated", 1200, 0],
      ["64 bytes, 20,000 a second", 64, 20_000],
    ]) {
      const seen = Object.fromEntries(KINDS.map((kind) => [kind, []]));
      for (let round = 0; round < ROUNDS; round++) {
        const order = round % 2 === 0 ? KINDS : KINDS.toReversed();
        for (const kind of order) seen[kind].push(await receive(program, kind, size, rate));
      }
      const row = (subject, kind, against, base, must) => {
        const ratios = seen[kind].map((each, round) => seen[base][round] / each);
        const control = median(seen["dgram again"].map((each, round) => seen.dgram[round] / each));
        return judge({
          case: title,
          subject,
          against,
          ratio: median(ratios),
          noise: Math.max(
            Math.abs(control - 1) * median(ratios),
            (1.25 * (spread(ratios) / 0.675)) / Math.sqrt(ROUNDS),
          ),
          must,
          detail: `${Math.round(median(seen[kind]))} ns against ${Math.round(median(seen[base]))} ns a datagram; dgram against itself ${control.toFixed(2)}`,
        });
      };
      const isSaturated = rate === 0;
      rows.push(
        row("'message' and getClientIp(rinfo)", "message", "node:dgram", "dgram", isSaturated ? ">= 3.5" : ">= 1.3"),
        row("'message' and getClientIp(rinfo), no two alike", "forgetful", "node:dgram", "dgram"),
        row("'message' and rinfo.client", "proof", "node:dgram", "dgram"),
        row("'message', nobody asks", "unasked", "node:dgram", "dgram"),
        row("batches and batch.clientIp(i)", "batch", "node:dgram", "dgram", isSaturated ? ">= 4.5" : undefined),
        row("batches, nobody asks", "words", "node:dgram", "dgram"),
        row("batches, a copy of each payload in memory of its own", "copies", "batches, a view of each", "views"),
        row("batches, nobody asks", "words", "recvmmsg in C", "c", isSaturated ? ">= 0.83" : undefined),
      );
    }
    return rows;
  } finally {
    rmSync(directory, { recursive: true });
  }
}
