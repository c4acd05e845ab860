// Follows the file that it is given, where the system does not tell of changes, and writes what was believed before and after one.
import { watch, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { policyText } from "@wherefrom/core";
import { fileList, followPolicy } from "@wherefrom/sources";

const [path] = process.argv.slice(2);
let code = "it is watched";
try {
  watch(dirname(path)).close();
} catch (error) {
  code = error.code;
}
const source = followPolicy({
  lists: { a: fileList(path, { everyMs: 50 }) },
  policy: ({ a }) => ({ trust: a.prefixes, from: "x-forwarded-for" }),
});
const believed = () => JSON.parse(policyText(source)).trust;
await source.ready;
const before = believed();
const changed = new Promise((resolve) => source.on("change", resolve));
writeFileSync(path, "10.0.0.2\n");
// A source keeps no process alive.
const alive = setInterval(() => {}, 1000);
await changed;
clearInterval(alive);
console.log(JSON.stringify({ watch: code, believed: [before, believed()] }));
source.close();
