// What a registry would get: each public package packed, then looked at by publint and attw.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bin, ROOT, run, withPnpm } from "./workspace.mjs";

/** Public packages: directory, name, and whether they can be imported at all (a command cannot). */
export function publicPackages() {
  const directories = [...readdirSync(join(ROOT, "packages")).map((name) => join("packages", name)), "native"];
  return directories.flatMap((directory) => {
    let manifest;
    try {
      manifest = JSON.parse(readFileSync(join(ROOT, directory, "package.json"), "utf8"));
    } catch {
      return []; // Not a package, or not there yet.
    }
    const { name, private: hidden, exports } = manifest;
    return hidden ? [] : [{ directory, name, importable: exports?.["."] !== undefined }];
  });
}

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
    // Esm-only: what `module: node16` and `moduleResolution: node10` cannot see is no news.
    if (importable) await look(`${name} passes attw`, bin("attw"), ["--profile", "esm-only", tarball]);
  }
  rmSync(tarballs, { recursive: true });
  return { name: "packages", cases };
}
