import { expect, test } from "vitest";
import { groupNumber, groupsFrom, whyNoGroup } from "./group.ts";

test("a host with control groups of version 1 alone is told so, and what is left to it", () => {
  expect(whyNoGroup("/tmp", "cgroup /sys/fs/cgroup/cpu cgroup rw,cpu 0 0\n")).toBe(
    "/tmp is not a cgroup v2 directory, and no cgroup v2 is mounted here. On a host with cgroup v1 only, programs cannot be attached; services read saved SYNs instead.",
  );
});

test("outside cgroup v2, the message names the mount point of cgroup v2", () => {
  expect(whyNoGroup("/tmp", "cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n")).toBe(
    "/tmp is not a cgroup v2 directory. Name one below /sys/fs/cgroup/unified.",
  );
  expect(whyNoGroup("/nowhere/at/all")).toBe("there is no /nowhere/at/all.");
});

test("what is no group has none above it, and no number where it does not exist", () => {
  expect(groupsFrom("/tmp/")).toEqual([]);
  expect(groupNumber("/nowhere/at/all")).toBeUndefined();
  expect(groupNumber("/tmp")).toBeTypeOf("number");
});
