// What the packages are, by their package.json: no list of them is written anywhere else.
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { ROOT } from "./workspace.mjs";

/** Directories of packages/, and native, with the package.json in each; a directory without one is left out. */
function manifests() {
  const directories = [...readdirSync(join(ROOT, "packages")).map((name) => join("packages", name)), "native"];
  return directories.flatMap((directory) => {
    try {
      return [{ directory, manifest: JSON.parse(readFileSync(join(ROOT, directory, "package.json"), "utf8")) }];
    } catch (error) {
      if (error.code === "ENOENT" || error.code === "ENOTDIR") return [];
      throw error;
    }
  });
}

/** Public packages: directory, name, whether they can be imported at all (a command cannot), and whether that does something to the process. */
export function publicPackages() {
  return manifests().flatMap(({ directory, manifest: { name, private: hidden, exports, sideEffects } }) =>
    hidden ? [] : [{ directory, name, importable: exports?.["."] !== undefined, acts: sideEffects === true }],
  );
}

/**
 * The adapters: packages on top of net that have its presets, and whose one peer dependency is a framework. It is an optional one, so that no package manager installs a second framework beside the service's. Answers directory, its last part (after which an adapter's files in
 * test, bench and examples are named), name, the framework's package, and the package of its types where the adapter names one.
 */
export function adapters() {
  return manifests().flatMap(({ directory, manifest }) => {
    const { name, exports = {}, dependencies = {}, peerDependencies = {}, devDependencies = {} } = manifest;
    const [framework, another] = Object.keys(peerDependencies);
    if (
      !("@wherefrom/net" in dependencies) ||
      !("./presets" in exports) ||
      framework === undefined ||
      another !== undefined
    )
      return [];
    const types = `@types/${framework.replace(/^@/, "").replace("/", "__")}`;
    return [
      { directory, short: basename(directory), name, framework, types: types in devDependencies ? types : undefined },
    ];
  });
}
