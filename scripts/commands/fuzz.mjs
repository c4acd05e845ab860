// npm run fuzz [-- RUNS]: the long run of what `npm test` does for seconds. Two million inputs, unless told otherwise, for the walk and the parsers in TypeScript (X-Forwarded-For
// and Forwarded, TOA, PROXY, UDP options, answers of dpvs' module; a twentieth of it for PROXY headers in a stream, half of it for requests that are normalised), and as many for the C code that takes bytes apart.
import { close, step } from "../tally.mjs";
import { runVitest } from "../vitest.mjs";
import { prepare, programArguments, run } from "../workspace.mjs";

const RUNS = 2_000_000;
/** Files with properties, and what part of WHEREFROM_FUZZ_RUNS their properties take together. */
const FILES = {
  "core/src/fuzz": 1,
  "core/src/walk/fuzz": 1,
  "wire/toa/fuzz": 1,
  "wire/proxy/fuzz": 0.475,
  "wire/udp/option": 0.25,
  "wire/udp/uoa-lookup": 1,
  "net/src/proxy/fuzz": 1,
  "net/src/request/fuzz": 2,
};

const [text = `${RUNS}`] = programArguments();
const runs = Number(text);
if (!Number.isSafeInteger(runs) || runs < 1000) {
  console.error(`${text} is no number of inputs from 1000 on`);
  process.exit(2);
}
const problem = await prepare();
if (problem !== undefined) close([step("build", 1, problem)]);
else {
  const parsers = [];
  for (const [file, part] of Object.entries(FILES)) {
    const options = ["--project", "unit", "--testTimeout=0", "--typecheck.enabled=false", file];
    // Shares are fortieths, and fast-check does not end with a fraction of a run.
    const env = { WHEREFROM_FUZZ_RUNS: `${Math.ceil(runs / part / 40) * 40}` };
    parsers.push(...(await runVitest({ unit: file }, options, env)));
  }
  const { code } = await run(process.execPath, ["native/scripts/fuzz.mjs", `${runs}`]);
  close([...parsers, step("C", code)]);
}
