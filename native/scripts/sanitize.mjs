// npm run sanitize: the programs of test/c and the addon under AddressSanitizer and UBSan, the programs under valgrind as well.
// What comes from the wire is taken apart in C by udp/opp.c and tap/segment.c alone, what the kernel tells beside a datagram by udp/batch.c; scripts/fuzz.mjs fuzzes them. The other parsers are TypeScript, and packages/core fuzzes those.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ADDON_SOURCES, headers, isProgram, NATIVE, plainSources, sources } from "./build.mjs";

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

/** Each links all of the addon that knows nothing of Node-API. */
const PROGRAMS = readdirSync(join(NATIVE, "test", "c")).filter((name) => name.endsWith("_test.c"));

function compile(compiler, flags, name, directory) {
  const program = join(directory, basename(name, ".c"));
  const source = join(NATIVE, "test", "c", name);
  must(compiler, [...WARNINGS, ...flags, `-I${ADDON_SOURCES}`, source, ...plainSources(), "-pthread", "-o", program]);
  return program;
}

const underSanitizers = Object.fromEntries(
  PROGRAMS.map((name) => [
    `${name} under AddressSanitizer and UBSan`,
    {
      problem: () => (isProgram("clang") ? undefined : "clang is not installed"),
      run: (directory) => {
        const program = compile("clang", SANITIZERS, name, directory);
        must(program, [], { ASAN_OPTIONS: "detect_leaks=1", UBSAN_OPTIONS: "print_stacktrace=1" });
      },
    },
  ]),
);

/** Each check: what it needs, and what it does in a directory that is removed after it. */
export const CHECKS = {
  ...underSanitizers,
  [`${PROGRAMS.join(", ")} under valgrind`]: {
    problem: () =>
      ["cc", "valgrind"].map((name) => (isProgram(name) ? undefined : `${name} is not installed`)).find(Boolean),
    run: (directory) => {
      for (const name of PROGRAMS) {
        const program = compile("cc", [], name, directory);
        must("valgrind", ["--quiet", "--error-exitcode=9", "--leak-check=full", "--track-fds=yes", program]);
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
      const shared = ["-shared", "-fPIC", include, `-I${ADDON_SOURCES}`, ...sources(), "-o", library];
      must("gcc", [...WARNINGS, ...SANITIZERS, ...shared]);
      const preload = must("gcc", ["-print-file-name=libasan.so"]);
      must(process.execPath, ["--expose-gc", join(NATIVE, "test", "exercise.cjs"), library], {
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
