// What the attached programs cost a connection, with TOA and without, and every getsockopt of the group; and what a reading costs JavaScript. Needs root, cc, clang, and control groups v2.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { attachToaPrograms } from "@wherefrom/net";
import { compileBytecode } from "../../native/scripts/bytecode.mjs";
import { median, pairedRatios, shuffled, spread } from "../harness/interleaved.mjs";
import { judge } from "../harness/row.mjs";

const ROUNDS = 600;
const BATCH = 100;
const READS = 20_000;
const READ_ROUNDS = 41;
const RECORD_BYTES = 64;

export async function measure() {
  const root = readFileSync("/proc/self/mounts", "utf8")
    .split("\n")
    .map((line) => line.split(" "))
    .find(([, , type]) => type === "cgroup2")?.[1];
  if (root === undefined) throw new Error("no cgroup2 is mounted");
  const directory = mkdtempSync(join(tmpdir(), "wherefrom-bpf-"));
  const names = ["clients", "plain", "twin", "watched"];
  const [clients, ...groups] = names.map((name) => join(root, `wherefrom-bench-${process.pid}-${name}`));
  try {
    const program = compile(directory, "bpf_pair");
    for (const group of [clients, ...groups]) mkdirSync(group);
    const attached = attachToaPrograms(groups[2]);
    if (attached !== "on") throw new Error(attached);
    const run = (option) => {
      const args = [ROUNDS, BATCH, option, clients, ...groups].map(String);
      const [base, control, value] = execFileSync(program, args, { encoding: "utf8", maxBuffer: 1 << 24 })
        .trim()
        .split("\n")
        .map((line) => line.split(" ").map(Number));
      return { base, control, value };
    };
    return [
      pairRow("a connection without TOA", "microseconds more with the programs attached", run(0), "<= 0.5 us"),
      pairRow("the same and one getsockopt of something else", "microseconds more", run(1)),
      pairRow("a connection with TOA", "microseconds more with the programs attached", run(2), "<= 3 us"),
      ...(await readRows(compile(directory, "bpf_read"), clients, groups[2])),
    ];
  } finally {
    rmSync(directory, { recursive: true });
    for (const group of [clients, ...groups]) await removeGroup(group);
  }
}

function compile(directory, name) {
  const program = join(directory, name);
  writeFileSync(
    join(directory, "stamp_bytecode.h"),
    compileBytecode([join(import.meta.dirname, "..", "floors", "stamp.bpf.c")]),
  );
  execFileSync("cc", ["-O2", `-I${directory}`, "-o", program, join(import.meta.dirname, "..", "floors", `${name}.c`)]);
  return program;
}

function pairRow(title, subject, { base, control, value }, must) {
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
}

/** The record of a connection with TOA, from JavaScript and from C; and the socket memory that it takes, which the kernel counts. */
async function readRows(program, clients, watched) {
  const native = createRequire(import.meta.url)("@wherefrom/native").loadNative().sockets;
  const home = /^0::(.*)$/m.exec(readFileSync("/proc/self/cgroup", "utf8"))[1];
  writeFileSync(join(watched, "cgroup.procs"), String(process.pid));
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  writeFileSync(join(watched, "..", home, "cgroup.procs"), String(process.pid));
  const accepted = once(server, "connection");
  const child = spawn(program, [clients, watched, String(server.address().port)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const [socket] = await accepted;
  const fd = socket._handle.fd;
  const answers = [Number((await lines.next()).value), native.getSockopt(fd, 0x7766, 1, RECORD_BYTES)];
  if (answers.some((bytes) => bytes !== RECORD_BYTES)) throw new Error(`no record was kept: ${answers.join()}`);
  const inC = async () => {
    child.stdin.write(`${READS}\n`);
    return Number.parseFloat((await lines.next()).value);
  };
  const inJavaScript = () => {
    const start = process.hrtime.bigint();
    for (let index = 0; index < READS; index++) native.getSockopt(fd, 0x7766, 1, RECORD_BYTES);
    return Number(process.hrtime.bigint() - start) / READS;
  };
  const ways = { c: inC, twin: inC, javascript: inJavaScript };
  const times = { c: [], twin: [], javascript: [] };
  for (let round = -3; round < READ_ROUNDS; round++) {
    for (const name of shuffled(Object.keys(times))) {
      const time = await ways[name]();
      if (round >= 0) times[name].push(time);
    }
  }
  const bytes = socketBytes(socket.localPort, socket.remotePort);
  const ended = once(child, "close");
  child.stdin.end();
  socket.destroy();
  server.close();
  await ended;
  const ratios = pairedRatios(times.javascript, times.c);
  const aa = median(pairedRatios(times.twin, times.c));
  return [
    judge({
      case: "reading the record of a connection",
      subject: "the addon, called from JavaScript",
      against: "a C loop",
      ratio: median(ratios),
      noise: Math.max(Math.abs(aa - 1), (1.25 * spread(ratios)) / 0.675 / Math.sqrt(READ_ROUNDS)),
      must: "<= 1.25",
      detail: `${median(times.javascript).toFixed(0)} ns against ${median(times.c).toFixed(0)} ns; A/A ${aa.toFixed(2)}`,
    }),
    judge({
      case: "memory of a connection with TOA",
      subject: "bytes beside the socket, as the kernel counts them",
      against: "none without TOA",
      ratio: bytes,
      noise: 0,
      must: "<= 512 bytes",
      detail: "SK_MEMINFO_OPTMEM; net.core.optmem_max bounds it",
    }),
  ];
}

/** ss(8): `o` of skmem is what is charged to the socket for options and the like. */
function socketBytes(local, remote) {
  const text = execFileSync("ss", ["-Htmn", `sport = :${local} and dport = :${remote}`], { encoding: "utf8" });
  return Number(/,o(\d+)/.exec(text)?.[1]);
}

async function removeGroup(group) {
  for (let tries = 0; readFileSync(join(group, "cgroup.procs"), "utf8") !== "" && tries < 200; tries++) await sleep(10);
  rmdirSync(group);
}
