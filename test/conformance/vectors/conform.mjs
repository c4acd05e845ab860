// @ts-check
// npm run conform -- FILE.jsonl ...: answers files of test vectors.
import { report } from "./report.mjs";

const paths = process.argv.slice(2);
if (paths.length === 0 || paths.some((path) => path.startsWith("-"))) {
  console.error("usage: npm run conform -- FILE.jsonl ...");
  process.exitCode = 2;
} else process.exitCode = await report(paths, console.log);
