"use strict";

// What a registry gets of a package.json: without the condition that leads to the source, which is not packed.

/** pnpm replaces "workspace:^" by versions in the order in which it happens to read them. The same tree gives the same bytes. */
const FIELDS_OF_PACKAGES = ["dependencies", "optionalDependencies", "peerDependencies"];

const sorted = (object) => Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)));

/**
 * An optional peer of net. The workspace names no version of it, because changesets takes one that leaves a peer's range for a breaking change of net; all packages
 * have one version.
 */
const NATIVE = "@wherefrom/native";

/** pnpm calls it for each package that it packs. */
function beforePacking(manifest) {
  for (const conditions of Object.values(manifest.exports ?? {})) delete conditions["@wherefrom/source"];
  delete manifest.devDependencies;
  const { peerDependencies } = manifest;
  if (peerDependencies?.[NATIVE] !== undefined) peerDependencies[NATIVE] = `^${manifest.version}`;
  for (const field of FIELDS_OF_PACKAGES) if (manifest[field] !== undefined) manifest[field] = sorted(manifest[field]);
  return manifest;
}

module.exports = { hooks: { beforePacking } };
