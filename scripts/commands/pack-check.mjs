// npm run pack:check: each public package as a registry would get it.
import { checkPackages } from "../package-check.mjs";
import { close, step } from "../tally.mjs";
import { prepare } from "../workspace.mjs";

const problem = await prepare();
close([problem === undefined ? await checkPackages() : step("build", 1, problem)]);
