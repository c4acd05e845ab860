import { join } from "node:path";
import { exportsOf, publishedEntries, ROOT } from "./source.mjs";

/** @typedef {import("./source.mjs").Entry} Entry @typedef {import("./source.mjs").Declaration} Declaration */

/** Pages by the package, or by its entry, or by the folder in which something is declared. A package that is not here is an adapter. */
const PAGES = new Map([
  ["core", "core"],
  ["core:policy", "policy"],
  ["@wherefrom/core/presets", "presets"],
  ["@wherefrom/core/wire", "wire"],
  ["net", "net"],
  ["dgram", "dgram"],
  ["sources", "sources"],
  ["doctor", "doctor-handler"],
  ["auto", "auto"],
  ["audit", "audit-options"],
  ["audit:event", "audit-events"],
]);
const ADAPTERS = "adapters";

/** One machine-readable name for one declaration, whatever it is exported as. @param {Declaration} declaration */
export const keyOf = ({ file, name }) => `${file.path}#${name}`;

/** @param {Entry} entry @param {Declaration} declaration */
function pageOf({ specifier, folder }, { file }) {
  const [layer] = file.path.slice(join(ROOT, "packages", folder, "src").length + 1).split("/");
  return PAGES.get(specifier) ?? PAGES.get(`${folder}:${layer}`) ?? PAGES.get(folder) ?? ADAPTERS;
}

/**
 * @typedef {object} Export
 * @property {string} name
 * @property {string} page Where it is described: the page of the package that declares it.
 * @property {string} specifier What imports it.
 * @property {Declaration} declaration
 * @property {boolean} isOwn Whether the package declares it itself, and does not pass it on from another one of ours.
 */

/** Everything that is published, entry by entry. @returns {Export[]} */
export function publishedExports() {
  const seen = new Set();
  const own = [];
  const passedOn = [];
  for (const entry of publishedEntries()) {
    for (const [name, declaration] of exportsOf(entry.path)) {
      const isHome = declaration.file.path.startsWith(join(ROOT, "packages", entry.folder, "src/"));
      const isOwn = isHome && !seen.has(keyOf(declaration));
      if (isOwn) seen.add(keyOf(declaration));
      const page = isHome ? pageOf(entry, declaration) : (PAGES.get(entry.folder) ?? ADAPTERS);
      (isOwn ? own : passedOn).push({ name, page, specifier: entry.specifier, declaration, isOwn });
    }
  }
  return [...own, ...passedOn];
}
