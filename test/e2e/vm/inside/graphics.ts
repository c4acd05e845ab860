import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { withModuleNames } from "../../bed/toa-module.ts";
import { caseGroup, type CaseGroup } from "./case-group.ts";
import { assertEachKnown } from "./site.ts";
import { WatchedSite } from "./tiers.ts";

/** The driver of qemu's display, which the generic kernel has, and the memory manager that it brings. */
const DRIVER = "bochs";
const MANAGER = "/sys/module/ttm";

export const graphics: CaseGroup = caseGroup("graphics", () => WatchedSite.enter(), {
  "where a graphics driver's memory manager is loaded (/sys/module/ttm), no module is seen, and readers are on": async (
    site,
  ) => {
    const isReal = load(DRIVER);
    const prefix = isReal ? site.group.enter : [...site.group.enter, ...withModuleNames("ttm")];
    assert.equal(existsSync(MANAGER), isReal);
    const { status } = await site.serve({ prefix });
    assert.deepEqual([status.reader, status.programs, status.module], ["sock-ops", "on", undefined]);
    await site.stamp("a", "254");
    const detail = assertEachKnown(await site.visit(4, 20), 4);
    return `${isReal ? `${DRIVER} was loaded` : "no driver in this kernel, but the name"}: ${detail}`;
  },
});

/** Whether the kernel has it. */
function load(driver: string): boolean {
  try {
    execFileSync("modprobe", [driver], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
