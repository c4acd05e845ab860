import { type AttachedProgram, attachedPrograms, pinnedPrograms } from "@wherefrom/net/internal";
import { groupsFrom } from "./group.ts";

/** Of whom the programs are known, or what there is instead. */
type Look = (group: string) => readonly AttachedProgram[] | string;

/**
 * Why programs should not be attached to this group: what is there already and what to do, as sentences; undefined without a conflict. What is pinned in
 * `pinPath` is not: it will be replaced. Where the kernel does not tell (it takes CAP_NET_ADMIN, and for names CAP_SYS_ADMIN), attaching will.
 */
export function conflictAt(cgroup: string, pinPath: string | undefined): string | undefined {
  const pinned = pinPath === undefined ? undefined : pinnedPrograms(pinPath);
  const replaced = typeof pinned === "object" ? pinned.programs.map(({ id }) => id) : [];
  return conflictOf(groupsFrom(cgroup), replaced, attachedPrograms);
}

/** `groups`: the one to attach to first, then those above it. */
export function conflictOf(groups: readonly string[], replaced: readonly number[], look: Look): string | undefined {
  for (const [above, group] of groups.entries()) {
    const programs = look(group);
    if (typeof programs === "string") continue;
    const ours = programs.filter(({ id, isOurs }) => isOurs === true && !replaced.includes(id));
    if (ours.length > 0) {
      const [{ uid }] = ours as [AttachedProgram, ...AttachedProgram[]];
      return (
        `wherefrom's programs are already attached to ${group}: ${ours.map(wordsOf).join(", ")}; user ${uid} loaded them.\n` +
        `Stop that agent, or run "wherefrom toa detach" if they are pinned. To let a new agent take over from an old one, add --beside.`
      );
    }
    // A group whose program is "override" lets groups below it have their own.
    const foreign = programs.find(({ sharing }) => sharing === "exclusive" || (above === 0 && sharing === "override"));
    if (foreign !== undefined) {
      return (
        `${wordsOf(foreign)} is attached to ${group} without BPF_F_ALLOW_MULTI, so the kernel refuses further programs ${above === 0 ? "there" : "in its child cgroups"}.\n` +
        `"bpftool cgroup show ${group}" shows it; its owner must attach it with "multi", or "bpftool cgroup detach ${group} ${foreign.hook} id ${foreign.id}" removes it.`
      );
    }
  }
  return undefined;
}

/** `getsockopt program 12 (name)`. */
export function wordsOf({ hook, id, name }: AttachedProgram): string {
  return `${hook} program ${id}${name === undefined || name === "" ? "" : ` (${name})`}`;
}
