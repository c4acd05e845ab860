// npm run bench -- [NAME] --json: measures against the peers, in one run.
import { programArguments, runProgram } from "../workspace.mjs";

await runProgram("bench/main.mjs", programArguments());
