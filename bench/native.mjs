// One socket option from JavaScript against the same call in a C loop, which runs in a process of its own, in turns.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { median, pairedRatios, shuffled, spread } from "./interleaved.mjs";
import { judge } from "./row.mjs";

const require = createRequire(import.meta.url);
const ROUNDS = 41;
const CALLS = 20_000;
/** ffi-rs takes some thirty times as long. */
const SLOW_CALLS = 1000;

const CASES = [
  {
    title: "TOA look-up (IPPROTO_IP 4096), no module",
    level: 0,
    name: 4096,
    length: 20,
    call: (native, fd) => native.toaLookup(fd),
    must: "<= 1.25",
  },
  {
    title: "a saved SYN that was read before",
    level: 6,
    name: 28,
    length: 512,
    call: (native, fd) => native.savedSyn(fd),
    must: "<= 1.25",
  },
  {
    title: "SO_COOKIE, any option by number",
    level: 1,
    name: 57,
    length: 8,
    call: (native, fd) => native.getSockopt(fd, 1, 57, 8),
  },
];

export async function measure() {
  const directory = mkdtempSync(join(tmpdir(), "wherefrom-bench-"));
  const floor = join(directory, "floor");
  execFileSync("cc", ["-O2", "-o", floor, join(import.meta.dirname, "native_floor.c")]);
  const child = spawn(floor, { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const inC = async ({ level, name, length }) => {
    child.stdin.write(`${level} ${name} ${length} ${CALLS}\n`);
    return Number.parseFloat((await lines.next()).value);
  };
  const { sockets, close } = await connection();
  const fd = sockets._handle.fd;
  const ways = { addon: [require("@wherefrom/native").loadSockopt(), CALLS], "ffi-rs": [fallback(), SLOW_CALLS] };
  const rows = [];
  for (const each of CASES) {
    const times = { c: [], "c again": [], addon: [], "ffi-rs": [] };
    const run = (name) => {
      if (name.startsWith("c")) return inC(each);
      const [native, count] = ways[name];
      const start = process.hrtime.bigint();
      for (let index = 0; index < count; index++) each.call(native, fd);
      return Number(process.hrtime.bigint() - start) / count;
    };
    for (let round = -3; round < ROUNDS; round++) {
      for (const name of shuffled(Object.keys(times))) {
        const time = await run(name);
        if (round >= 0) times[name].push(time);
      }
    }
    const twin = median(pairedRatios(times["c again"], times.c));
    for (const name of ["addon", "ffi-rs"]) {
      const ratios = pairedRatios(times[name], times.c);
      rows.push(
        judge({
          case: each.title,
          subject: name === "addon" ? "the addon, called from JavaScript" : "ffi-rs, where no addon loads",
          against: "a C loop",
          ratio: median(ratios),
          noise: Math.max(Math.abs(twin - 1), (1.25 * spread(ratios)) / 0.675 / Math.sqrt(ROUNDS)),
          must: name === "addon" ? each.must : undefined,
          detail: `${median(times[name]).toFixed(0)} ns against ${median(times.c).toFixed(0)} ns; A/A ${twin.toFixed(2)}`,
        }),
      );
    }
  }
  child.stdin.end();
  close();
  rmSync(directory, { recursive: true });
  return rows;
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
