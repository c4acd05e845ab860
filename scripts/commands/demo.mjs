// npm run demo -- ...: the command's demo, from a fresh clone on.
import { programArguments, runProgram } from "../workspace.mjs";

await runProgram("packages/cli/dist/main.js", ["demo", ...programArguments()]);
