// npm run sanitize: sockopt.c, udp_opp.c, the tap's parts and the addon under AddressSanitizer and UBSan, sockopt.c and the tap's under valgrind.
// What comes from the wire is taken apart in C by udp_opp.c and tap_segment.c alone; scripts/fuzz.mjs fuzzes them. The other parsers are TypeScript, and packages/core fuzzes those.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { headers, isProgram, NATIVE } from "./build.mjs";

const addon = (name) => join(NATIVE, "addon", name);
const TAP = ["tap_filter.c", "tap_segment.c", "tap_table.c", "tap_test.c"].map(addon);
const WARNINGS = ["-std=gnu11", "-g", "-O1", "-Wall", "-Wextra", "-Wconversion", "-Werror"];
const SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer"];

/** Runs a program; throws with what it wrote, if it does not end with 0. */
function must(command, args, env = {}) {
  const { status, signal, stdout, stderr } = spawnSync(command, args, {
    encoding: "utf8",
    env: { ...process.env, ...env },
  });
  if (status !== 0) throw new Error(`${command} ended with ${status ?? signal}\n${stdout}${stderr}`);
  return stdout.trim();
}

/** Each check: what it needs, and what it does in a directory that is removed after it. */
export const CHECKS = {
  "sockopt.c under AddressSanitizer and UBSan": {
    problem: () => (isProgram("clang") ? undefined : "clang is not installed"),
    run: (directory) => {
      const program = join(directory, "sockopt_test");
      must("clang", [...WARNINGS, ...SANITIZERS, addon("sockopt.c"), addon("sockopt_test.c"), "-o", program]);
      must(program, [], { ASAN_OPTIONS: "detect_leaks=1", UBSAN_OPTIONS: "print_stacktrace=1" });
    },
  },
  "udp_opp.c under AddressSanitizer and UBSan": {
    problem: () => (isProgram("clang") ? undefined : "clang is not installed"),
    run: (directory) => {
      const program = join(directory, "udp_opp_test");
      must("clang", [...WARNINGS, ...SANITIZERS, addon("udp_opp.c"), addon("udp_opp_test.c"), "-o", program]);
      must(program, [], { ASAN_OPTIONS: "detect_leaks=1", UBSAN_OPTIONS: "print_stacktrace=1" });
    },
  },
  "the tap's parts under AddressSanitizer and UBSan": {
    problem: () => (isProgram("clang") ? undefined : "clang is not installed"),
    run: (directory) => {
      const program = join(directory, "tap_test");
      must("clang", [...WARNINGS, ...SANITIZERS, ...TAP, "-o", program]);
      must(program, [], { ASAN_OPTIONS: "detect_leaks=1", UBSAN_OPTIONS: "print_stacktrace=1" });
    },
  },
  "sockopt.c and the tap's parts under valgrind": {
    problem: () =>
      ["cc", "valgrind"].map((name) => (isProgram(name) ? undefined : `${name} is not installed`)).find(Boolean),
    run: (directory) => {
      const program = join(directory, "sockopt_test");
      must("cc", [...WARNINGS, addon("sockopt.c"), addon("sockopt_test.c"), "-o", program]);
      must("cc", [...WARNINGS, ...TAP, "-o", `${program}_tap`]);
      for (const each of [program, `${program}_tap`]) {
        must("valgrind", ["--quiet", "--error-exitcode=9", "--leak-check=full", "--track-fds=yes", each]);
      }
    },
  },
  "the addon in Node under AddressSanitizer and UBSan": {
    problem: () => {
      if (!isProgram("gcc")) return "gcc is not installed";
      return headers() === undefined ? "Node's headers are not beside node" : undefined;
    },
    run: (directory) => {
      const library = join(directory, "wherefrom.node");
      const include = `-I${join(headers(), "include", "node")}`;
      const shared = [
        "-shared",
        "-fPIC",
        include,
        addon("addon.c"),
        addon("bpf.c"),
        addon("bpf_addon.c"),
        addon("opp_tc.c"),
        addon("sockopt.c"),
        addon("tap_calls.c"),
        addon("tap_filter.c"),
        addon("tap_segment.c"),
        addon("tap_table.c"),
        addon("toa_bpf.c"),
        addon("toa_tap.c"),
        addon("udp_batch.c"),
        addon("udp_opp.c"),
        addon("udp_receiver.c"),
        "-o",
        library,
      ];
      must("gcc", [...WARNINGS, ...SANITIZERS, ...shared]);
      const preload = must("gcc", ["-print-file-name=libasan.so"]);
      must(process.execPath, [join(NATIVE, "test", "exercise.cjs"), library], {
        LD_PRELOAD: preload,
        // Node itself leaves memory to the system when it ends.
        ASAN_OPTIONS: "detect_leaks=0",
      });
    },
  },
};

/** Throws with the sanitizer's words where something is wrong. */
export function check(name) {
  const directory = mkdtempSync(join(tmpdir(), "wherefrom-sanitize-"));
  try {
    CHECKS[name].run(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [name, { problem }] of Object.entries(CHECKS)) {
    const missing = problem();
    if (missing === undefined) check(name);
    console.log(
      `${missing === undefined ? "ok     " : "skipped"} ${name}${missing === undefined ? "" : `: ${missing}`}`,
    );
  }
}
