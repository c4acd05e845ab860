// npm run conform -- FILE.jsonl: answers a file of test vectors.
import { resolve } from "node:path";
import { programArguments, runProgram } from "../workspace.mjs";

// npm runs us in the root; a relative path means the directory in which the user typed it.
const here = process.env.INIT_CWD ?? process.cwd();
const paths = programArguments().map((argument) => (argument.startsWith("-") ? argument : resolve(here, argument)));
await runProgram("test/conformance/vectors/conform.mjs", paths);
