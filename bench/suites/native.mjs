// One socket option from JavaScript against the same call in a C loop in the same process, in turns; processor time of the thread. Needs cc.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { median, pairedRatios, shuffled, spread } from "../harness/interleaved.mjs";
import { judge } from "../harness/row.mjs";

const require = createRequire(import.meta.url);
const ROUNDS = 151;
const CALLS = 4000;
/** ffi-rs takes some thirty times as long. */
const SLOW_CALLS = 200;

/** `loop` sees the addon alone, as a process does that has loaded it; ffi-rs, which it would not be faster with, is called by `call`. */
const CASES = [
  {
    title: "TOA look-up (IPPROTO_IP 4096), no module",
    level: 0,
    name: 4096,
    length: 20,
    loop: (native, fd, count) => {
      for (let call = 0; call < count; call++) native.toaLookup(fd);
    },
    call: (native, fd) => native.toaLookup(fd),
    must: "<= 1.25",
  },
  {
    title: "a saved SYN that was read before",
    level: 6,
    name: 28,
    length: 512,
    loop: (native, fd, count) => {
      for (let call = 0; call < count; call++) native.savedSyn(fd);
    },
    call: (native, fd) => native.savedSyn(fd),
    must: "<= 1.25",
  },
  {
    title: "a record of the BPF programs, none attached",
    level: 0x7766,
    name: 1,
    length: 64,
    loop: (native, fd, count) => {
      for (let call = 0; call < count; call++) native.toaRecord(fd);
    },
    call: (native, fd) => native.toaRecord(fd),
    must: "<= 1.25",
  },
  {
    title: "SO_COOKIE, any option by number",
    level: 1,
    name: 57,
    length: 8,
    loop: (native, fd, count) => {
      for (let call = 0; call < count; call++) native.getSockopt(fd, 1, 57, 8);
    },
    call: (native, fd) => native.getSockopt(fd, 1, 57, 8),
  },
];

export async function measure() {
  const directory = mkdtempSync(join(tmpdir(), "wherefrom-bench-"));
  const floor = compileFloor(directory);
  const child = spawn(join(directory, "floor"), { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const alone = async ({ level, name, length }) => {
    child.stdin.write(`${level} ${name} ${length} ${CALLS}\n`);
    return Number.parseFloat((await lines.next()).value);
  };
  const { sockets, close } = await connection();
  const fd = sockets._handle.fd;
  const addon = require("@wherefrom/native").loadNative().sockets;
  const ffi = fallback();
  const rows = [];
  for (const each of CASES) {
    const times = { c: [], "c again": [], alone: [], addon: [], "ffi-rs": [] };
    const run = (name) => {
      if (name === "alone") return alone(each);
      if (name.startsWith("c")) return floor.loop(fd, each.level, each.name, each.length, CALLS);
      const start = floor.now();
      if (name === "addon") each.loop(addon, fd, CALLS);
      else for (let call = 0; call < SLOW_CALLS; call++) each.call(ffi, fd);
      return (floor.now() - start) / (name === "addon" ? CALLS : SLOW_CALLS);
    };
    for (let round = -5; round < ROUNDS; round++) {
      for (const name of shuffled(Object.keys(times))) {
        const time = await run(name);
        if (round >= 0) times[name].push(time);
      }
    }
    const twin = median(pairedRatios(times["c again"], times.c));
    const row = (subject, name, against, floorName, must) => {
      const ratios = pairedRatios(times[name], times[floorName]);
      return judge({
        case: each.title,
        subject,
        against,
        ratio: median(ratios),
        noise: Math.max(Math.abs(twin - 1), (1.25 * spread(ratios)) / 0.675 / Math.sqrt(ROUNDS)),
        must,
        detail: `${median(times[name]).toFixed(0)} ns against ${median(times[floorName]).toFixed(0)} ns; A/A ${twin.toFixed(2)}`,
      });
    };
    const subject = "the addon, called from JavaScript";
    rows.push(
      row(subject, "addon", "a C loop in the same process", "c", each.must),
      row(subject, "addon", "a C loop in a process with one thread", "alone"),
      row("ffi-rs, where no addon loads", "ffi-rs", "a C loop in the same process", "c"),
    );
  }
  child.stdin.end();
  close();
  rmSync(directory, { recursive: true });
  return rows;
}

/** As an addon of this process, which is returned, and as a program, `floor` in the directory. */
function compileFloor(directory) {
  const source = join(import.meta.dirname, "..", "floors", "native_floor.c");
  const include = `-I${join(dirname(dirname(process.execPath)), "include", "node")}`;
  const addon = join(directory, "floor.node");
  execFileSync("cc", ["-O2", "-shared", "-fPIC", include, "-o", addon, source]);
  execFileSync("cc", ["-O2", "-DPROGRAM", "-o", join(directory, "floor"), source]);
  return require(addon);
}

function fallback() {
  const native = require.resolve("@wherefrom/native");
  return require(join(native, "..", "ffi-sockopt.js")).openSockopt();
}

async function connection() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const accepted = once(server, "connection");
  const client = connect(server.address().port, "127.0.0.1");
  const [sockets] = await accepted;
  return { sockets, close: () => [client, sockets].forEach((each) => each.destroy()) || server.close() };
}
