import type { AttachedProgram } from "@wherefrom/net/internal";
import { expect, test } from "vitest";
import { conflictOf } from "./conflict.ts";

const program = (more: Partial<AttachedProgram>): AttachedProgram => ({
  id: 12,
  hook: "getsockopt",
  sharing: "multi",
  name: "stranger",
  uid: 0,
  loadedAtMs: 1,
  isOurs: false,
  ...more,
});
const ours = (id: number): AttachedProgram => program({ id, name: "wherefrom_read", isOurs: true });
const GROUPS = ["/cg/pods", "/cg"];
const look = (programs: Readonly<Record<string, readonly AttachedProgram[] | string>>) => (group: string) =>
  programs[group] ?? [];

test("nothing there, and strangers who share, are in nobody's way", () => {
  expect(conflictOf(GROUPS, [], look({}))).toBeUndefined();
  expect(conflictOf(GROUPS, [], look({ "/cg/pods": [program({})], "/cg": [program({})] }))).toBeUndefined();
});

test("where the kernel does not tell, attaching will", () => {
  expect(conflictOf(GROUPS, [], look({ "/cg/pods": "EPERM", "/cg": "EPERM" }))).toBeUndefined();
  const unnamed = program({ name: undefined, uid: undefined, loadedAtMs: undefined, isOurs: undefined });
  expect(conflictOf(GROUPS, [], look({ "/cg/pods": [unnamed] }))).toBeUndefined();
});

test.each(GROUPS)("our own programs are named, here or above (%s), with who loaded them and what to type", (group) => {
  const words = conflictOf(GROUPS, [], look({ [group]: [ours(12), program({ id: 13 })] }));
  expect(words).toContain(
    `wherefrom's programs are already attached to ${group}: getsockopt program 12 (wherefrom_read); user 0 loaded them.`,
  );
  expect(words).toContain("wherefrom toa detach");
  expect(words).toContain("--beside");
});

test("our own that will be replaced are no conflict, and a second pair of ours is", () => {
  expect(conflictOf(GROUPS, [12], look({ "/cg/pods": [ours(12)] }))).toBeUndefined();
  expect(conflictOf(GROUPS, [12], look({ "/cg/pods": [ours(12), ours(14)] }))).toContain("program 14");
});

test("a stranger who does not share is named, with what to type", () => {
  for (const sharing of ["exclusive", "override"] as const) {
    const words = conflictOf(GROUPS, [], look({ "/cg/pods": [program({ sharing })] }));
    expect(words).toContain("getsockopt program 12 (stranger) is attached to /cg/pods without BPF_F_ALLOW_MULTI");
    expect(words).toContain("bpftool cgroup detach /cg/pods getsockopt id 12");
  }
});

test("in a parent cgroup, an overridable program does not conflict, and an exclusive one does", () => {
  expect(conflictOf(GROUPS, [], look({ "/cg": [program({ sharing: "override" })] }))).toBeUndefined();
  expect(conflictOf(GROUPS, [], look({ "/cg": [program({ sharing: "exclusive" })] }))).toContain(
    "in its child cgroups",
  );
});
