// npm run prebuilds: the addon for each platform of the package, cross-built on Linux x64 (Debian: gcc, gcc-aarch64-linux-gnu).
import { join } from "node:path";
import { buildAddon, NATIVE, whyUnbuildable } from "./build.mjs";

/** One binary serves glibc and musl: it is C, and needs nothing of libc that musl has not. */
const TARGETS = [
  { arch: "x64", compiler: "x86_64-linux-gnu-gcc" },
  { arch: "arm64", compiler: "aarch64-linux-gnu-gcc" },
];

for (const { arch, compiler } of TARGETS) {
  const problem = whyUnbuildable(compiler);
  if (problem !== undefined) {
    console.error(`linux-${arch}: ${problem}`);
    process.exitCode = 1;
    continue;
  }
  const target = join(NATIVE, "prebuilds", `linux-${arch}`, "wherefrom.node");
  buildAddon(target, { arch, compiler });
  console.log(target);
}
