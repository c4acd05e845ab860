// npm run e2e -- NAME [--full]: one suite of test/e2e, from a fresh clone on. --full: all of it, thousands where CI takes dozens (WHEREFROM_FULL).
import { runSuite, SUITES } from "./suite.mjs";
import { close, step } from "./tally.mjs";
import { prepare, programArguments } from "./workspace.mjs";

const words = programArguments();
const [name] = words.filter((word) => word !== "--full");
if (words.includes("--full")) process.env.WHEREFROM_FULL = "1";
if (name === undefined || !Object.hasOwn(SUITES, name)) {
  const names = Object.keys(SUITES).join(", ") || "none yet";
  console.error(`${name === undefined ? "name a suite" : `there is no suite "${name}"`}; suites: ${names}`);
  process.exit(1);
}
const problem = await prepare();
close(problem === undefined ? await runSuite(name) : [step("build", 1, problem)]);
