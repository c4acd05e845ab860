// A vitest reporter that writes every case, and everything that broke outside a case, to the file in WHEREFROM_CASES.
import { writeFileSync } from "node:fs";

const firstLine = (error) => String(error?.message ?? error).split("\n", 1)[0];

/** Errors of a file or describe block: an import that fails, a hook that throws. */
const errorsOf = (entity) => (entity.type === "test" ? [] : entity.errors());

/** The first error of the blocks around a test, nearest first: why it did not run. */
function errorAround(test) {
  for (let block = test.parent; block !== undefined; block = block.parent) {
    const [error] = errorsOf(block);
    if (error !== undefined) return error;
  }
  return undefined;
}

function caseOf(test) {
  const name = `${test.module.relativeModuleId} > ${test.fullName}`;
  const project = test.project.name;
  const result = test.result();
  if (result.state === "passed") return { project, name, state: "passed" };
  if (result.state === "failed") return { project, name, state: "failed", reason: firstLine(result.errors[0]) };
  const error = errorAround(test);
  if (error !== undefined) return { project, name, state: "failed", reason: `did not run: ${firstLine(error)}` };
  if (result.state === "pending") return { project, name, state: "failed", reason: "did not run" };
  const mode = test.options.mode === "todo" ? "todo" : undefined;
  return { project, name, state: "skipped", reason: result.note ?? test.meta().skipReason ?? mode };
}

/** A block that broke and has no case that tells. */
function* brokenBlocks(module) {
  for (const block of [module, ...module.children.allSuites()]) {
    const [error] = errorsOf(block);
    const told = [...block.children.allTests("skipped")].length > 0;
    if (error === undefined || told) continue;
    const name = block.type === "module" ? block.relativeModuleId : `${module.relativeModuleId} > ${block.fullName}`;
    yield { project: module.project.name, name, state: "failed", reason: firstLine(error) };
  }
}

export default class CaseReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const cases = [];
    for (const module of modules) {
      for (const test of module.children.allTests()) cases.push(caseOf(test));
      cases.push(...brokenBlocks(module));
    }
    for (const error of unhandledErrors) {
      cases.push({ project: "", name: "outside of any test", state: "failed", reason: firstLine(error) });
    }
    writeFileSync(process.env.WHEREFROM_CASES, JSON.stringify(cases));
  }
}
