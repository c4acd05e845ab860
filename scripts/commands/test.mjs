// npm test: everything, from a fresh clone on. The last line counts every case of every part.
import { runNodes } from "../nodes.mjs";
import { checkPackages } from "../package-check.mjs";
import { runConsumers, runSuite, SUITES, undeclaredSuites } from "../suite.mjs";
import { close, step } from "../tally.mjs";
import { runVitest } from "../vitest.mjs";
import { bin, prepare, run } from "../workspace.mjs";

const check = async (name, command, args) => step(name, (await run(bin(command), args)).code);

async function testEverything() {
  const parts = [
    await check("lint", "oxlint", []),
    await check("format", "oxfmt", ["--check", "."]),
    await check("types of tests", "tsc", ["-p", "test"]),
    ...(await runVitest({ unit: "unit", conformance: "conformance" }, [])),
    ...(await runNodes()),
  ];
  for (const name of undeclaredSuites()) parts.push(step(`e2e ${name}`, 1, "suites.json does not declare it"));
  for (const name of Object.keys(SUITES)) if (SUITES[name].inTest) parts.push(...(await runSuite(name)));
  return [...parts, await checkPackages(), ...(await runConsumers())];
}

const problem = await prepare();
close(problem === undefined ? await testEverything() : [step("build", 1, problem)]);
