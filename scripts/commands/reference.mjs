// `npm run reference`: writes the pages of docs/reference that are made from the sources. What stands above their marker is written by hand, and kept.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../reference/source.mjs";
import { referencePages } from "../reference/write.mjs";

for (const [path, text] of await referencePages()) {
  writeFileSync(join(ROOT, path), text);
  console.log(path);
}
