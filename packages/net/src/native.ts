import { createRequire } from "node:module";
import type * as NativePackage from "@wherefrom/native";
import type { NativeStatus, Sockopt } from "@wherefrom/native";

type Native = typeof NativePackage;

let native: Native | Error | undefined;

/** It is an optional dependency, and is looked for when somebody first asks. */
function load(): Native | Error {
  try {
    return createRequire(import.meta.url)("@wherefrom/native") as Native;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** The socket calls, or undefined where none could be loaded; `nativeStatus` says why. */
export function loadSockopt(): Sockopt | undefined {
  native ??= load();
  return native instanceof Error ? undefined : native.loadSockopt();
}

/** What was loaded for the calls that Node lacks, from where, and why the better ones were not. */
export function nativeStatus(): NativeStatus {
  native ??= load();
  if (!(native instanceof Error)) return native.nativeStatus();
  const [reason = ""] = native.message.split("\n", 1);
  return { source: "none", path: undefined, skipped: [{ source: "prebuild", reason }] };
}
