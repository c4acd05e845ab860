// npm run fuzz [-- RUNS]: the long run of what `npm test` does for seconds. Two million inputs, unless told otherwise, for the parsers in TypeScript (X-Forwarded-For
// and Forwarded, TOA, PROXY, UDP options; a twentieth of it for PROXY headers in a stream), and as many for the C code that takes bytes apart.
import { close, step } from "./tally.mjs";
import { runVitest } from "./vitest.mjs";
import { prepare, programArguments, run } from "./workspace.mjs";

const RUNS = 2_000_000;
const FILES = ["core/src/fuzz", "wire/toa-fuzz", "wire/proxy-fuzz", "wire/udp-option", "net/src/proxy-fuzz"];

const [text = `${RUNS}`] = programArguments();
const runs = Number(text);
if (!Number.isSafeInteger(runs) || runs < 1000) {
  console.error(`${text} is no number of inputs from 1000 on`);
  process.exit(2);
}
const problem = await prepare();
if (problem !== undefined) close([step("build", 1, problem)]);
else {
  const parsers = await runVitest({ unit: "parsers" }, ["--project", "unit", "--testTimeout=0", ...FILES], {
    WHEREFROM_FUZZ_RUNS: `${runs}`,
  });
  const { code } = await run(process.execPath, ["native/scripts/fuzz.mjs", `${runs}`]);
  close([...parsers, step("C", code)]);
}
