import type { CaseGroup } from "./case-group.ts";
import { graphics } from "./graphics.ts";
import { kube } from "./kube.ts";
import { modules } from "./modules.ts";
import { noCgroup2 } from "./no-cgroup2.ts";
import { tiers } from "./tiers.ts";

/** Before control groups of version 2 are mounted for the first time, which cannot be undone, and after. */
export const GROUPS: { readonly before: readonly CaseGroup[]; readonly after: readonly CaseGroup[] } = {
  before: [noCgroup2],
  after: [tiers, modules, graphics, ...kube],
};
