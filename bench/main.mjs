// npm run bench -- [NAME...] [--json] or --list: every row is a ratio to a named peer or floor, measured in this run.
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { formatTable } from "./harness/table.mjs";

/** Every file of `suites` is one, by its name. */
const SUITES = readdirSync(new URL("suites", import.meta.url)).map((file) => file.replace(/\.mjs$/, ""));

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: "boolean" }, list: { type: "boolean" } },
});
const unknown = positionals.find((name) => !SUITES.includes(name));
if (unknown !== undefined) {
  console.error(`There is no bench "${unknown}"; there are ${SUITES.join(", ")}.`);
  process.exit(2);
}
if (values.list) for (const name of SUITES) console.log(`${name.padEnd(12)}${aboutSuite(name)}`);
else if (positionals.length === 1) await measureSuite(positionals[0]);
else for (const name of positionals.length === 0 ? SUITES : positionals) measureInOwnProcess(name);

/** What a suite measures and needs: the comment that its file begins with. */
function aboutSuite(name) {
  const text = readFileSync(new URL(`suites/${name}.mjs`, import.meta.url), "utf8");
  return /^\/\/ (.*)\n/.exec(text)[1];
}

async function measureSuite(name) {
  setFlagsFromString("--expose-gc");
  globalThis.gc = runInNewContext("gc");
  const { measure } = await import(`./suites/${name}.mjs`);
  const rows = await measure();
  if (values.json) for (const row of rows) console.log(JSON.stringify(row));
  else console.log(`\n## ${name}\n\n${formatTable(rows)}`);
}

/** What one suite taught the compiler must not change what the next one measures. */
function measureInOwnProcess(name) {
  const args = [fileURLToPath(import.meta.url), name, ...(values.json ? ["--json"] : [])];
  const { status } = spawnSync(process.execPath, args, { stdio: "inherit" });
  if (status !== 0) process.exitCode = 1;
}
