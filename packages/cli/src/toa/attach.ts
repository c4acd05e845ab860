import { formatPrefix } from "@wherefrom/core";
import { attachToaPrograms } from "@wherefrom/net";
import type { Command } from "../command.ts";
import type { Terminal } from "../terminal.ts";
import { installFilter, readPrefixes, removeFilter, TOA_KINDS } from "./node-filter.ts";

/** Keeps the process up: it waits for nothing but a signal. */
const KEEP_ALIVE_MS = 60_000;

/** The agent of a node: attaches as long as it runs, and filters for as long. */
export const attach: Command = {
  summary: "let every process of a control group read TOA without rights, until this one ends",
  options: {
    cgroup: {
      type: "string",
      description: "directory of the control group (v2), such as /sys/fs/cgroup/kubepods.slice",
    },
    trust: {
      type: "string",
      description: "the balancers' prefixes: from everybody else TOA is removed at this node, before NAT (iptables)",
    },
    kinds: { type: "string", description: `kinds that are removed; default ${TOA_KINDS.join(",")}` },
    "handshake-only": { type: "boolean", description: "do not look at data packets" },
  },
  run: async ({ names, values }, terminal) => {
    const { cgroup, trust, kinds } = values;
    if (cgroup === undefined)
      return refuse("--cgroup is missing: which control group's processes shall read?", terminal);
    const trusted = trust === undefined ? undefined : readPrefixes(trust);
    if (typeof trusted === "string") return refuse(`${trusted} of --trust is no prefix.`, terminal);
    const stripped = kinds === undefined ? TOA_KINDS : readKinds(kinds);
    if (stripped === undefined) return refuse(`"${kinds}" of --kinds is no list of numbers from 2 to 255.`, terminal);
    if (kinds !== undefined && trusted === undefined) return refuse("--kinds says what --trust removes.", terminal);
    return serve(
      { cgroup, trusted: trusted?.map(formatPrefix), kinds: stripped, later: !names.has("handshake-only") },
      terminal,
    );
  },
};

interface Attachment {
  readonly cgroup: string;
  readonly trusted: readonly string[] | undefined;
  readonly kinds: readonly number[];
  readonly later: boolean;
}

async function serve({ cgroup, trusted, kinds, later }: Attachment, terminal: Terminal): Promise<number> {
  const interruption = terminal.interruption();
  // First the filter: what nobody can read yet harms nobody.
  if (trusted !== undefined) {
    try {
      installFilter(trusted, kinds);
    } catch (error) {
      terminal.err(
        `the filter cannot be installed: ${wordsOf(error)}\nIs one there already? "wherefrom toa detach" removes it.`,
      );
      return 1;
    }
    terminal.out(`TOA of kinds ${kinds.join(", ")} is removed from all but ${trusted.join(", ")}`);
  }
  const attached = attachToaPrograms(cgroup, later);
  if (attached !== "on") {
    terminal.err(`the programs are ${attached}`);
    if (trusted !== undefined) removeFilter();
    return 1;
  }
  terminal.out(`attached to ${cgroup}: its processes read TOA until this one ends`);
  const keepAlive = setInterval(() => {}, KEEP_ALIVE_MS);
  await interruption;
  clearInterval(keepAlive);
  if (trusted !== undefined) removeFilter();
  return 0;
}

function readKinds(text: string): readonly number[] | undefined {
  const kinds = text.split(",").map(Number);
  return kinds.every((kind) => Number.isInteger(kind) && kind >= 2 && kind <= 255) ? kinds : undefined;
}

function refuse(sentence: string, terminal: Terminal): number {
  terminal.err(`${sentence} "wherefrom toa attach --help" lists what there is.`);
  return 2;
}

/** What a program that failed wrote, or the error itself (it is not installed). */
function wordsOf(error: unknown): string {
  const { stderr, message } = error as { readonly stderr?: string; readonly message: string };
  return stderr?.trim() || message;
}
