// What a registry would get: each public package packed, then looked at by publint and attw.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { publicPackages } from "./packages.mjs";
import { bin, ROOT, run, withPnpm } from "./workspace.mjs";

/** A part with a case per package and tool. What a tool says is shown when it does not pass. */
export async function checkPackages() {
  const tarballs = mkdtempSync(join(tmpdir(), "wherefrom-tarballs-"));
  const cases = [];
  const look = async (name, command, args, cwd) => {
    const { code, output } = await run(command, args, { cwd, quiet: true });
    if (code !== 0) process.stdout.write(output);
    cases.push(code === 0 ? { name, state: "passed" } : { name, state: "failed", reason: `exit code ${code}` });
    return code === 0;
  };
  for (const [index, { directory, name, importable }] of publicPackages().entries()) {
    const tarball = join(tarballs, `${index}.tgz`);
    const packed = await look(
      `${name} packs`,
      "npx",
      withPnpm("pnpm", "pack", "--out", tarball),
      join(ROOT, directory),
    );
    if (!packed) continue;
    await look(`${name} passes publint`, bin("publint"), ["--strict", tarball]);
    if (importable) await look(`${name} passes attw`, bin("attw"), [tarball]);
  }
  rmSync(tarballs, { recursive: true });
  return { name: "packages", cases };
}
