import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { describe } from "vitest";
import type { Sockopt } from "../index.js";
import { ADDON, whyUnbuildable } from "../scripts/build.mjs";

declare module "vitest" {
  interface TaskMeta {
    /** Why the case is skipped; scripts/case-reporter.mjs prints it. */
    skipReason?: string;
  }
}

const require = createRequire(import.meta.url);

/** One way to make the calls: how to load it, or why it is not to be had here. */
interface Way {
  readonly load: () => Sockopt;
  readonly problem: string | undefined;
}

const notLinux = process.platform === "linux" ? undefined : `saved SYNs are Linux's; this is ${process.platform}`;

/** The addon as it was built from these sources (not an older prebuild), and the fallback. */
export const WAYS: Readonly<Record<"addon" | "ffi-rs", Way>> = {
  addon: {
    load: () => require(ADDON) as Sockopt,
    problem:
      notLinux ?? (existsSync(ADDON) ? undefined : `no addon was built: ${whyUnbuildable() ?? "run npm run build"}`),
  },
  "ffi-rs": {
    load: () => (require("../ffi-sockopt.js") as { openSockopt: () => Sockopt }).openSockopt(),
    problem: notLinux ?? (isInstalled("ffi-rs") ? undefined : "ffi-rs is not installed: it is an optional dependency"),
  },
};

function isInstalled(name: string): boolean {
  try {
    require(name);
    return true;
  } catch {
    return false;
  }
}

/** A `describe` whose cases are skipped, with the reason printed, where there is a problem. */
export function describeUnless(problem: string | undefined, name: string, body: () => void): void {
  if (problem === undefined) describe(name, body);
  else describe.skip(name, { meta: { skipReason: problem } }, body);
}

/** The same facts of each way. */
export function describeWays(body: (load: () => Sockopt, name: string) => void): void {
  for (const [name, { load, problem }] of Object.entries(WAYS)) describeUnless(problem, name, () => body(load, name));
}
