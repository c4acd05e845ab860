import { expect, test } from "vitest";
import { controlGroupPath } from "./control-group.ts";
import { missingCapabilities, whatIsMissing } from "./programs.ts";

const UNIFIED = "28 1 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw\n";

test("the group of a service is below the mount", () => {
  expect(controlGroupPath("0::/system.slice/app.service\n", UNIFIED)).toBe("/sys/fs/cgroup/system.slice/app.service");
});

test("on a hybrid machine the line of version 2 counts, and its mount", () => {
  const mounts = `30 1 0:27 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n31 1 0:28 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n`;
  expect(controlGroupPath("4:cpu:/app\n0::/app\n", mounts)).toBe("/sys/fs/cgroup/unified/app");
});

test("in a container the group's own path is the root, or the mount shows a part of the tree", () => {
  expect(controlGroupPath("0::/\n", UNIFIED)).toBe("/sys/fs/cgroup");
  const part = "28 1 0:26 /kubepods/pod7 /sys/fs/cgroup rw - cgroup2 cgroup rw\n";
  expect(controlGroupPath("0::/kubepods/pod7/app\n", part)).toBe("/sys/fs/cgroup/app");
  expect(controlGroupPath("0::/kubepods/pod77\n", part)).toBeUndefined();
});

test("a blank in the mount's path is read as one", () => {
  expect(controlGroupPath("0::/a\n", "28 1 0:26 / /mnt/my\\040groups rw - cgroup2 cgroup2 rw\n")).toBe(
    "/mnt/my groups/a",
  );
});

test("a machine with control groups of version 1 alone has none", () => {
  expect(controlGroupPath("4:cpu:/app\n", UNIFIED)).toBeUndefined();
  expect(controlGroupPath("0::/app\n", "30 1 0:27 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n")).toBeUndefined();
});

test("the capabilities that are missing are named", () => {
  const status = (mask: string): string => `Name:\tnode\nCapEff:\t${mask}\n`;
  expect(missingCapabilities(status("0000000000000000"))).toBe("CAP_BPF and CAP_NET_ADMIN missing");
  expect(missingCapabilities(status("0000000000001000"))).toBe("CAP_BPF missing");
  expect(missingCapabilities(status("0000008000000000"))).toBe("CAP_NET_ADMIN missing");
  expect(missingCapabilities(status("0000008000001000"))).toBe("");
  expect(missingCapabilities(status("0000000000200000"))).toBe("");
  expect(missingCapabilities("")).toBe("CAP_BPF and CAP_NET_ADMIN missing");
});

test("where an old verifier refuses a program, CAP_PERFMON is named if it is missing", () => {
  const status = (effective: string): string => `Name:\tnode\nCapEff:\t${effective}\n`;
  const step = "loading the program wherefrom_keep: R3 pointer comparison prohibited";
  expect(whatIsMissing(-13, step, status("0000008000001000"))).toMatch(/^CAP_PERFMON missing/);
  expect(whatIsMissing(-7, "loading the program wherefrom_4096: too large", status("0000008000001000"))).toMatch(
    /^CAP_PERF/,
  );
  expect(whatIsMissing(-13, step, status("000000c000001000"))).toBe("");
  expect(whatIsMissing(-13, step, status("0000000000200000"))).toBe("");
  expect(whatIsMissing(-13, "opening the control group", status("0000000000000000"))).toBe("");
  expect(whatIsMissing(-1, step, status("0000000000001000"))).toBe("CAP_BPF missing");
});
