import { once } from "node:events";
import { join } from "node:path";
import { type CompiledProgram, compileProgram } from "./compiled-program.ts";
import type { Namespace } from "./namespace.ts";

/** Words of toa_module.c: what a module reads, and whom it tells it. */
export type ModuleWords = readonly string[];

/** As the real ones behave on plain sockets, as far as programs for control groups can: accept() and SO_PEERNAME say what getpeername says. */
export const MODULES = {
  dpvs: ["kind4=254", "kind6=254", "on4", "on6", "lookup=nat64"],
  "huawei-oss": ["kind4=254", "on4"],
  "huawei-elb": ["kind4=254", "kind6=254", "kind6=253", "last", "on4", "on6", "lookup=nat64"],
  ucloud: ["kind4=200", "kind4=254", "kind4=253", "on4", "on6"],
  ecloud: ["kind4=200", "on4", "on6"],
  bytedance: ["kind4=254", "kind6=254", "on4", "on6", "lookup=all", "error=14"],
  baidu: ["kind4=254", "on4"],
  "alibaba-cdn": ["kind4=28", "length4=7", "syn", "keeps-port", "on4"],
} as const satisfies Readonly<Record<string, ModuleWords>>;

/** Compiled once per suite; `remove` it at the end. */
export function compileModule(): CompiledProgram {
  return compileProgram(
    join(import.meta.dirname, "toa_module.c"),
    join(import.meta.dirname, "../../../native/addon/bpf/bpf.c"),
  );
}

/** Stands in for a module, for the sockets of a control group, until what it answers is called: rmmod. */
export async function loadModule(
  network: Namespace,
  path: string,
  groupPath: string,
  words: ModuleWords,
): Promise<() => Promise<void>> {
  const child = network.spawn(path, [groupPath, ...words], { stdio: ["pipe", "pipe", "pipe"] });
  let complaint = "";
  child.stderr?.on("data", (text) => (complaint += String(text)));
  const ended = once(child, "close");
  await Promise.race([once(child.stdout!, "data"), ended]);
  if (child.exitCode !== null) throw new Error(`the module ended: ${complaint}`);
  return async () => {
    child.stdin?.end();
    await ended;
  };
}

/** Command words in whose /sys/module there are these names and no others. */
export function withModuleNames(...names: readonly string[]): readonly string[] {
  const make = names.map((name) => `mkdir /sys/module/${name}`);
  return [
    "unshare",
    "--mount",
    "sh",
    "-ec",
    ["mount -t tmpfs none /sys/module", ...make, 'exec "$@"'].join("; "),
    "sh",
  ];
}
