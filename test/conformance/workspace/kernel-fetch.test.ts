import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { whyNoFetch } from "../../e2e/vm/kernels.mjs";

/** A directory with programs of these names. */
function directoryOf(...names: readonly string[]): string {
  const directory = mkdtempSync(join(tmpdir(), "wherefrom-programs-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  for (const name of names) {
    writeFileSync(join(directory, name), "");
    chmodSync(join(directory, name), 0o755);
  }
  return directory;
}

test("fetching the kernels without depmod says that kmod has it, before anything is fetched", () => {
  const path = directoryOf("apt-get", "apt-cache", "dpkg-deb", "xz");
  expect(whyNoFetch(path)).toBe("depmod not found: apt-get install --no-install-recommends kmod");
  expect(whyNoFetch(`${path}:${directoryOf("depmod")}`)).toBeUndefined();
});

test("of several packages each is named once", () => {
  expect(whyNoFetch(directoryOf("dpkg-deb"))).toBe(
    "apt-get and apt-cache and depmod and xz not found: apt-get install --no-install-recommends apt kmod xz-utils",
  );
});
