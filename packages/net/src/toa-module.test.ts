import { expect, test } from "vitest";
import { ToaModuleWatch } from "./toa-module.ts";

test("a module is looked for every 30 seconds, so that one that is loaded later is found", () => {
  let loaded = new Set<string>();
  const asked: string[] = [];
  const watch = new ToaModuleWatch((path) => {
    asked.push(path);
    return loaded.has(path);
  });
  expect(watch.trace(0)).toBeUndefined();
  expect(asked).toEqual(["/sys/module/toa", "/sys/module/ttm", "/proc/sys/net/ipv4/slb_vtoa"]);
  loaded = new Set(["/sys/module/ttm"]);
  expect(watch.trace(29_999)).toBeUndefined();
  expect(asked).toHaveLength(3);
  expect(watch.trace(30_000)).toBe("/sys/module/ttm");
  loaded.clear();
  expect(watch.trace(59_999)).toBe("/sys/module/ttm");
  expect(watch.trace(60_000)).toBeUndefined();
});
