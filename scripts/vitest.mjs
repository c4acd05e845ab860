// Runs vitest and answers its cases, one part per project.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bin, ROOT, run } from "./workspace.mjs";

/** `names` maps projects of vitest.config.ts to names of parts; a project without a case is a part without a case. */
export async function runVitest(names, args, env = {}) {
  const directory = mkdtempSync(join(tmpdir(), "wherefrom-cases-"));
  const file = join(directory, "cases.json");
  const reporters = ["--reporter=default", `--reporter=${join(ROOT, "scripts", "case-reporter.mjs")}`];
  const { code } = await run(bin("vitest"), ["run", "--passWithNoTests", ...reporters, ...args], {
    env: { ...env, WHEREFROM_CASES: file },
  });
  const cases = readCases(file);
  rmSync(directory, { recursive: true });
  const parts = Object.entries(names).map(([project, name]) => ({
    name,
    cases: cases.filter((one) => one.project === project),
  }));
  const strays = cases.filter((one) => !(one.project in names));
  // A run that fails without a failed case crashed, and what crashed is counted.
  if (code !== 0 && !cases.some((one) => one.state === "failed")) {
    strays.push({ name: "vitest", state: "failed", reason: `ended with exit code ${code}, and no case failed` });
  }
  return strays.length === 0 ? parts : [...parts, { name: "vitest", cases: strays }];
}

/** The reporter's file; nothing when vitest did not live long enough to write it. */
function readCases(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return [{ project: "", name: "vitest", state: "failed", reason: "reported nothing" }];
  }
}
