import { release } from "node:os";
import type { BpfCalls } from "@wherefrom/native";
import { expect, test } from "vitest";
import { attachPrograms } from "./programs.ts";

/** A kernel that answers so: none of those that tests run on does. */
function refusing(result: number, step: string): BpfCalls {
  const buffer = new Uint8Array(512);
  buffer.set(Buffer.from(step));
  return { buffer, attachToa: () => result } as unknown as BpfCalls;
}
const attach = (result: number, step: string): string =>
  attachPrograms(refusing(result, step), true, { groupPath: "/g" });

test.each([
  [-22, "loading the program wherefrom_keep: unknown func bpf_sk_storage_get#107", "EINVAL"],
  [-22, "making maps (BPF_MAP_CREATE)", "EINVAL"],
  [-22, "attaching to the control group (BPF_LINK_CREATE): /g", "EINVAL"],
  [-38, "loading types (BPF_BTF_LOAD)", "ENOSYS"],
])(
  "a kernel without the hook, the map or the system call is named, and the one that has them (%i, %s)",
  (result, step, name) => {
    expect(attach(result, step)).toBe(
      `unavailable: ${step}: ${name}, Linux ${release()} does not have what it takes, which is there from 5.10 on`,
    );
  },
);

test("what has other reasons is not laid at the kernel's door", () => {
  // Whoever runs this may lack a capability, which is then named.
  expect(attach(-13, "loading the program wherefrom_keep: invalid access")).toMatch(
    /^unavailable: loading the program wherefrom_keep: invalid access: EACCES(?:, CAP_PERFMON missing, .*)?$/,
  );
  expect(attach(-2, "opening the control group: /g")).toBe("unavailable: opening the control group: /g: ENOENT");
});

test("without the addon nothing can be attached", () => {
  expect(attachPrograms(undefined, true)).toBe("unavailable: the addon is not loaded");
});
