import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { describe } from "vitest";
import type { NativeCalls, SocketCalls } from "../index.js";
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
  readonly load: () => SocketCalls;
  readonly problem: string | undefined;
}

/** The addon has every group. */
type WholeAddon = { readonly [Group in keyof NativeCalls]: NonNullable<NativeCalls[Group]> };

/** The addon as it was built from these sources (not an older prebuild). */
export const addon = (): WholeAddon => require(ADDON) as WholeAddon;

const notLinux = process.platform === "linux" ? undefined : `saved SYNs are Linux's; this is ${process.platform}`;

/** The addon, and the fallback. */
export const WAYS: Readonly<Record<"addon" | "ffi-rs", Way>> = {
  addon: {
    load: () => addon().sockets,
    problem:
      notLinux ?? (existsSync(ADDON) ? undefined : `no addon was built: ${whyUnbuildable() ?? "run npm run build"}`),
  },
  "ffi-rs": {
    load: () =>
      (require("../ffi-sockopt.js") as { openSockopt: (ffi: unknown) => SocketCalls }).openSockopt(require("ffi-rs")),
    problem: notLinux ?? (isInstalled("ffi-rs") ? undefined : "ffi-rs is not installed: it is an optional peer"),
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
export function describeWays(body: (load: () => SocketCalls, name: string) => void): void {
  for (const [name, { load, problem }] of Object.entries(WAYS)) describeUnless(problem, name, () => body(load, name));
}
