import { expect, test } from "vitest";
import { ToaModuleWatch } from "./module.ts";

test("a module is looked for every second, so that one that is loaded later is found, and one that is gone is not", () => {
  let loaded = new Set<string>();
  const asked: string[] = [];
  const watch = new ToaModuleWatch((path) => {
    asked.push(path);
    return loaded.has(path);
  });
  expect(watch.trace(0)).toBeUndefined();
  expect(asked).toEqual([
    "/sys/module/toa",
    "/sys/module/tcp_toa",
    "/sys/module/bce_ttm",
    "/sys/module/ip_vs_ca",
    "/proc/sys/net/ipv4/slb_vtoa",
  ]);
  loaded = new Set(["/sys/module/tcp_toa"]);
  expect(watch.trace(999)).toBeUndefined();
  expect(asked).toHaveLength(5);
  expect(watch.trace(1000)).toBe("/sys/module/tcp_toa");
  loaded.clear();
  expect(watch.trace(1999)).toBe("/sys/module/tcp_toa");
  expect(watch.look(1999)).toBeUndefined();
  expect(watch.trace(2000)).toBeUndefined();
});

test("the memory manager of graphics drivers is no such module, and of two both are named", () => {
  const only = (...paths: string[]) => new ToaModuleWatch((path) => paths.includes(path)).trace();
  expect(only("/sys/module/ttm")).toBeUndefined();
  expect(only("/sys/module/toa", "/sys/module/tcp_toa")).toBe("/sys/module/toa, /sys/module/tcp_toa");
});
