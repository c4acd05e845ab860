// npm run e2e -- NAME [--full] [--write]: one suite of test/e2e, from a fresh clone on. --full: all of it, thousands where CI takes dozens (WHEREFROM_FULL).
// --write: documents that a suite holds to what it saw are written instead (WHEREFROM_WRITE).
import { runConsumers, runSuite, SUITES } from "../suite.mjs";
import { close, step } from "../tally.mjs";
import { prepare, programArguments } from "../workspace.mjs";

const words = programArguments();
const [name] = words.filter((word) => !word.startsWith("--"));
if (words.includes("--full")) process.env.WHEREFROM_FULL = "1";
if (words.includes("--write")) process.env.WHEREFROM_WRITE = "1";
/** test/consumers stands beside the suites and is run as one. */
const CONSUMERS = "consumers";
if (name === undefined || (name !== CONSUMERS && !Object.hasOwn(SUITES, name))) {
  const names = [...Object.keys(SUITES), CONSUMERS].join(", ");
  console.error(`${name === undefined ? "name a suite" : `there is no suite "${name}"`}; suites: ${names}`);
  process.exit(1);
}
const problem = await prepare();
const runNamed = () => (name === CONSUMERS ? runConsumers() : runSuite(name));
close(problem === undefined ? await runNamed() : [step("build", 1, problem)]);
