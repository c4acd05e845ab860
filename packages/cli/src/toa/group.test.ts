import { expect, test } from "vitest";
import { groupNumber, groupsFrom, whyNoGroup } from "./group.ts";

test("a host with control groups of version 1 alone is told so, and what is left to it", () => {
  expect(whyNoGroup("/tmp", "cgroup /sys/fs/cgroup/cpu cgroup rw,cpu 0 0\n")).toBe(
    "/tmp is no control group of version 2, and none are mounted here: on a host of version 1 alone nothing can be attached. Services read what saved SYNs show.",
  );
});

test("a directory that is none is told where they are", () => {
  expect(whyNoGroup("/tmp", "cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n")).toBe(
    "/tmp is no control group of version 2: those are below /sys/fs/cgroup/unified.",
  );
  expect(whyNoGroup("/nowhere/at/all")).toBe("there is no /nowhere/at/all.");
});

test("what is no group has none above it, and no number where it does not exist", () => {
  expect(groupsFrom("/tmp/")).toEqual([]);
  expect(groupNumber("/nowhere/at/all")).toBeUndefined();
  expect(groupNumber("/tmp")).toBeTypeOf("number");
});
