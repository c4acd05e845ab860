import type * as NativePackage from "@wherefrom/native";
import type { NativeCalls, NativeStatus, SocketCalls } from "@wherefrom/native";
import { isAbsence, requireOptional } from "./optional-package.ts";

type Native = typeof NativePackage;

/** An optional peer: a service that speaks HTTP alone needs no binary. */
const PACKAGE = "@wherefrom/native";

let native: Native | string | undefined;

/** The package, or in one sentence why it is not there. It is looked for when it is first needed. */
export function requireNative(): Native | string {
  return (native ??= load());
}

function load(): Native | string {
  try {
    return requireOptional(
      () => import.meta.url,
      (require) => require(PACKAGE) as Native,
    );
  } catch (error) {
    if (isAbsence(error)) return `${PACKAGE} is not installed: npm install ${PACKAGE}`;
    return (error instanceof Error ? error.message : String(error)).split("\n", 1)[0] as string;
  }
}

/** The calls that Node lacks, each group whole or absent, or undefined where none could be loaded; `nativeStatus` says why. */
export function loadNative(): NativeCalls | undefined {
  const found = requireNative();
  return typeof found === "string" ? undefined : found.loadNative();
}

/** The socket calls, which are there wherever any are. */
export function loadSockopt(): SocketCalls | undefined {
  return loadNative()?.sockets;
}

/** What was loaded for the calls that Node lacks, from where, and why the better ones were not. */
export function nativeStatus(): NativeStatus {
  const found = requireNative();
  if (typeof found !== "string") return found.nativeStatus();
  return { source: "none", path: undefined, skipped: [{ source: "prebuild", reason: found }] };
}
