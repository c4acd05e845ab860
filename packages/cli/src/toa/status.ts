import { once } from "node:events";
import { uptime } from "node:os";
import { createServer } from "node:net";
import { isToaWatched, nativeStatus } from "@wherefrom/net";
import { type AttachedProgram, attachedPrograms, pinnedPrograms, type ToaCounts } from "@wherefrom/net/internal";
import type { Command } from "../terminal/command.ts";
import { wordsOf } from "./conflict.ts";
import { groupNumber, groupsFrom, whyNoGroup } from "./group.ts";
import { PIN_PATH } from "./pin-directory.ts";

/** What a process that is started like this one can read; and, of a control group, what is attached there and above, by whom. */
export const status: Command = {
  summary: "show which TOA programs are attached to this process's cgroup (or to --cgroup)",
  options: {
    cgroup: {
      type: "string",
      value: "DIRECTORY",
      description: "directory of a cgroup (v2): list the programs that are attached there (requires CAP_NET_ADMIN)",
    },
    pin: { type: "string", value: "DIRECTORY", description: `directory of the pins; default ${PIN_PATH}` },
    json: { type: "boolean", description: "one line of JSON" },
  },
  run: async ({ names, values: { cgroup, pin = PIN_PATH } }, terminal) => {
    const problem = cgroup === undefined ? undefined : whyNoGroup(cgroup);
    if (problem !== undefined) {
      terminal.err(problem);
      return 1;
    }
    const groups = (cgroup === undefined ? [] : groupsFrom(cgroup)).map((group) => ({
      group,
      number: groupNumber(group),
      programs: attachedPrograms(group),
    }));
    const pins = pinnedPrograms(pin);
    const { source, skipped } = nativeStatus();
    const attached = cgroup === undefined ? await isWatchedHere() : groups.some(({ programs }) => hasOurs(programs));
    if (names.has("json")) {
      const text = JSON.stringify({ attached, native: source, groups, pins }, (_key, value: unknown) =>
        typeof value === "bigint" ? Number(value) : value,
      );
      terminal.out(text);
      return attached ? 0 : 1;
    }
    if (source === "none") {
      terminal.out(
        `the native addon is not loaded, so TOA cannot be read: ${skipped.map((each) => `${each.source}: ${each.reason}`).join("; ")}`,
      );
    } else if (cgroup === undefined) {
      terminal.out(
        attached ? "attached: processes in this cgroup read TOA unprivileged" : "not attached to this cgroup",
      );
    } else {
      terminal.out(
        attached
          ? `attached to ${cgroup}`
          : `not attached to ${cgroup} or to a parent of it, as far as the kernel shows`,
      );
    }
    for (const { group, programs } of groups) for (const line of groupLines(group, programs)) terminal.out(line);
    for (const line of pinLines(pin, pins, groups)) terminal.out(line);
    return attached ? 0 : 1;
  },
};

async function isWatchedHere(): Promise<boolean> {
  const server = createServer().listen(0, "localhost");
  await once(server, "listening");
  const isWatched = isToaWatched(server);
  server.close();
  return isWatched;
}

const hasOurs = (programs: readonly AttachedProgram[] | string): boolean =>
  typeof programs !== "string" && programs.some(({ isOurs, name }) => isOurs === true && name === "wherefrom_keep");

function groupLines(group: string, programs: readonly AttachedProgram[] | string): readonly string[] {
  if (typeof programs === "string") return [`${group}: ${programs}`];
  if (programs.length === 0) return [`${group}: nothing`];
  return [
    `${group}:`,
    ...programs.map((program) => {
      const { isOurs, uid, loadedAtMs, sharing } = program;
      const owner =
        isOurs === undefined
          ? "owner unknown (requires CAP_SYS_ADMIN)"
          : `${isOurs ? "wherefrom's" : "not wherefrom's"}, loaded by user ${uid}${loadedAtMs === undefined ? "" : ` ${agoOf(loadedAtMs)}`}`;
      return `  ${wordsOf(program)}: ${owner}${sharing === "multi" ? "" : `, attached as ${sharing}`}`;
    }),
  ];
}

function pinLines(
  path: string,
  pins: ReturnType<typeof pinnedPrograms>,
  groups: readonly { readonly group: string; readonly number: number | undefined }[],
): readonly string[] {
  if (pins === undefined) return [];
  if (typeof pins === "string") return [`${path}: ${pins}`];
  const { programs, counts } = pins;
  const of = groups.find(({ number }) => number !== undefined && BigInt(number) === programs[0]?.groupId)?.group;
  const group = programs[0]?.groupId === 0n ? "a removed cgroup" : (of ?? `cgroup ${programs[0]?.groupId}`);
  const names = programs.map(({ name, id }) => `${name} (program ${id})`).join(", ");
  return [`pinned in ${path} for ${group}: ${names}`, ...(counts === undefined ? [] : countLines(counts))];
}

function countLines({
  keptOfHandshake,
  keptOfLaterPacket,
  notKept,
  answered,
  untrusted,
}: ToaCounts): readonly string[] {
  const kept = `  options kept of ${keptOfHandshake} handshakes and ${keptOfLaterPacket} later packets; ${notKept} connections had no room for their option`;
  if (answered + untrusted === 0) return [kept];
  const told = `  ${answered} getpeername() answers replaced; ${untrusted} ignored (sender not in --trust)`;
  return [kept, told];
}

/** Clocks of BPF programs count from when the machine started. */
function agoOf(loadedAtMs: number): string {
  const seconds = Math.max(0, Math.round(uptime() - loadedAtMs / 1000));
  const [number, unit] =
    seconds < 120
      ? [seconds, "seconds"]
      : seconds < 7200
        ? [Math.round(seconds / 60), "minutes"]
        : [Math.round(seconds / 3600), "hours"];
  return `${number} ${unit} ago`;
}
