// npm run fuzz [-- RUNS]: the C code that takes bytes apart, fed by libFuzzer under AddressSanitizer and UBSan. Two million inputs unless told otherwise.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ADDON_SOURCES, isProgram, NATIVE, plainSources } from "./build.mjs";

const RUNS = 2_000_000;
/** In bytes: headers of IPv4 or IPv6, TCP's with all options, and something behind; or a dozen datagrams. */
const LONGEST_INPUT = 256;
const FLAGS = ["-std=gnu11", "-g", "-O1", "-fsanitize=fuzzer,address,undefined", "-fno-sanitize-recover=all"];
/** A table for each input, and full within one: limits of tap/table.h and tap/table.c. */
const SMALL = ["-DTAP_PENDING_LIMIT=4", "-DTAP_KEPT_LIMIT=4", "-DTAP_SYN_SLOTS=4", "-DBUCKETS=4"];

/** Where it begins: a byte that says whose input it is, and one such input. */
const SEEDS = [
  // The handshake's ACK with TOA of kind 254, over IPv4; a SYN over IPv6 with kind 253.
  "004500003c123440004006a479c0000205c00002099c411f900000100000002000a01001f6d5710000fe08c406cb0071070101080a1122334455667788",
  "00600000000028064020010db800000000000000000000000520010db80000000000000000000000099c411f900000100000000000a002fd2000000000fd14c40620010db8000000000000000000010002",
  // A SYN of Linux's own: MSS, SACK, timestamps, a no-operation, window scale.
  "004500003cb5654000400687547f0000017f000001861896fbf9dce90c00000000a002ffd7fe300000" +
    "0204ffd70402080a6825ebf4000000000103030a",
  // A handshake, and who asks for it.
  "0101000100000802010002fe08c406cb007107030100010800fe08c406cb00710706010001000701000100",
  // dpvs' protocol 248 with "ping".
  "0214e9014500002c1234400040f8a397c0000205c0000209101100" + "0c1f08c406cb0071079c4114e9000cebcb70696e67",
  // Two datagrams, with options and local address.
  "0321010200089f020403",
];

/** Why it cannot run here, or undefined. */
export function whyUnfuzzable() {
  if (!isProgram("clang")) return "clang is not installed";
  const { status } = spawnSync("clang", ["-fsanitize=fuzzer", "-x", "c", "-", "-o", "/dev/null"], {
    input:
      "int LLVMFuzzerTestOneInput(const unsigned char *bytes, unsigned long size) { return bytes && size > 9 ? 0 : 0; }",
  });
  return status === 0 ? undefined : "clang has no libFuzzer: apt-get install libclang-rt-14-dev";
}

/** Runs so many inputs; answers how many they were. Throws with what libFuzzer says, the input among it, where one breaks something. */
export function fuzz(runs = RUNS) {
  const directory = mkdtempSync(join(tmpdir(), "wherefrom-fuzz-"));
  try {
    const corpus = join(directory, "corpus");
    mkdirSync(corpus);
    for (const [index, seed] of SEEDS.entries()) writeFileSync(join(corpus, `${index}`), Buffer.from(seed, "hex"));
    const program = join(directory, "fuzz");
    const source = join(NATIVE, "test", "c", "fuzz.c");
    must("clang", [...FLAGS, ...SMALL, `-I${ADDON_SOURCES}`, source, ...plainSources(), "-o", program]);
    const options = [`-runs=${runs}`, `-max_len=${LONGEST_INPUT}`, `-artifact_prefix=${directory}/`];
    const said = must(program, [...options, corpus]);
    return Number(/Done (\d+) runs/.exec(said)?.[1]);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function must(command, args) {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: "utf8", maxBuffer: 2 ** 28 });
  if (status !== 0) throw new Error(`${command} ended with ${status}\n${stdout}${stderr}`);
  return stderr;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const runs = Number(process.argv[2] ?? RUNS);
  if (!Number.isSafeInteger(runs) || runs < 1) {
    console.error(`${process.argv[2]} is no number of inputs`);
    process.exit(2);
  }
  const problem = whyUnfuzzable();
  if (problem !== undefined) {
    console.error(problem);
    process.exit(1);
  }
  console.log(`${fuzz(runs)} inputs, nothing found`);
}
