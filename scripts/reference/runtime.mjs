import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { rolldown } from "rolldown";
import { ROOT, SOURCE_CONDITION } from "./source.mjs";

/** Loads a module of a package from its source, with our other packages: Node 20 runs no TypeScript, and `dist` may be older. */
export async function loadSource(folder, file) {
  const home = join(ROOT, "packages", folder);
  const directory = join(home, "node_modules", `.reference-${process.pid}`);
  mkdirSync(directory, { recursive: true });
  const output = join(directory, "module.mjs");
  try {
    const bundle = await rolldown({
      input: join(home, "src", file),
      platform: "node",
      external: (name) => !name.startsWith(".") && !name.startsWith("/") && !name.startsWith("@wherefrom/"),
      resolve: { conditionNames: [SOURCE_CONDITION, "node", "import", "require", "default"] },
      logLevel: "silent",
    });
    await bundle.write({ file: output, format: "esm", codeSplitting: false });
    return await import(`${pathToFileURL(output).href}?${file}`);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
