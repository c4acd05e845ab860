// npm run prebuilds: the addon for each platform of the package, cross-built on Linux x64 (Debian: gcc, gcc-aarch64-linux-gnu). With --if-stale, as before
// packing, those that are needed and can be built here; one that cannot is left out, and the package falls back to building, or to ffi-rs.
import { rmSync } from "node:fs";
import { buildAddon, COMPILERS, isStale, PREBUILT, prebuild, whyUnbuildable } from "./build.mjs";

const isOptional = process.argv.includes("--if-stale");
for (const arch of PREBUILT) {
  const target = prebuild(arch);
  if (isOptional && !isStale(target)) continue;
  const compiler = COMPILERS[arch];
  const problem = whyUnbuildable(compiler);
  if (problem === undefined) {
    buildAddon(target, { arch, compiler });
    // Standard output is the package manager's, which may have been asked for JSON.
    console.error(target);
    continue;
  }
  rmSync(target, { force: true });
  console.error(`there is no binary for linux-${arch}: ${problem}`);
  if (!isOptional) process.exitCode = 1;
}
