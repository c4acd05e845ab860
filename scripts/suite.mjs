// The slow tests: suites of test/e2e, declared in suites.json, and test/consumers.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { runVitest } from "./vitest.mjs";
import { ROOT } from "./workspace.mjs";

const E2E = join(ROOT, "test", "e2e");

/** Every suite by name: `{ cases, needs, root, inTest }`. */
export const SUITES = JSON.parse(readFileSync(join(E2E, "suites.json"), "utf8"));

/** Directories of test/e2e with tests which suites.json does not declare: nothing would run them. */
export const undeclaredSuites = () =>
  readdirSync(E2E, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && SUITES[entry.name] === undefined)
    .filter((entry) => readdirSync(join(E2E, entry.name)).some((file) => file.endsWith(".test.ts")))
    .map((entry) => entry.name);

/** Runs the tests of one directory. */
const runDirectory = (name, directory, order) => runVitest({ e2e: name }, order, { WHEREFROM_SUITE: directory });
/** One file after the other: ports, namespaces and programs of the kernel are the machine's. */
const IN_TURN = ["--no-file-parallelism", "--max-workers=1"];
/** Two at once: each file has a directory of its own, and waits for npm most of the time. */
const IN_PAIRS = ["--max-workers=2"];

/** Runs a declared suite; fewer cases than it declares are a failure. */
export async function runSuite(name) {
  const parts = await runDirectory(`e2e ${name}`, `test/e2e/${name}`, IN_TURN);
  const declared = SUITES[name].cases;
  const found = parts[0].cases.length;
  if (found < declared) {
    const reason = `suites.json declares ${declared} cases, ${found} were found`;
    parts[0].cases.push({ name: "number of cases", state: "failed", reason });
  }
  return parts;
}

/** Runs test/consumers, where it exists. */
export const runConsumers = async () =>
  existsSync(join(ROOT, "test", "consumers")) ? runDirectory("consumers", "test/consumers", IN_PAIRS) : [];
