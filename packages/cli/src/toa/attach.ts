import { formatPrefix, type Prefix, WherefromError } from "@wherefrom/core";
import { compileToaProduct, type ToaProductName } from "@wherefrom/core/wire";
import { attachToaPrograms } from "@wherefrom/net";
import type { Command } from "../command.ts";
import type { OptionReading } from "../option.ts";
import type { Terminal } from "../terminal.ts";
import { conflictAt } from "./conflict.ts";
import { groupNumber, whyNoGroup } from "./group.ts";
import { installFilter, readPrefixes, removeFilter, replaceFilter, TOA_KINDS } from "./node-filter.ts";
import { makePinDirectory } from "./pin-directory.ts";

/** How often an agent looks whether its control group is still there, in milliseconds: for as long nothing is read after one was made anew. */
const GROUP_CHECK_MS = 2000;

/** The agent of a node: attaches as long as it runs, or pins; and filters for as long. */
export const attach: Command = {
  summary: "let every process of a control group read TOA without rights, until this one ends or for good (--pin)",
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
    "no-filter": { type: "boolean", description: "packets stay as they are; --trust is then --compat's alone" },
    "handshake-only": { type: "boolean", description: "do not look at data packets" },
    pin: {
      type: "string",
      description: "directory of a BPF file system, such as /sys/fs/bpf/wherefrom: pin everything there, and end",
    },
    stay: { type: "boolean", description: "with --pin: do not end before a signal; what is pinned stays" },
    compat: {
      type: "string",
      description:
        "stand in for toa.ko: tell every program the client, from this product's options, if --trust sent them",
    },
    beside: { type: "boolean", description: "attach although wherefrom's programs are attached there already" },
  },
  run: async (given, terminal) => {
    const plan = readPlan(given);
    if (typeof plan === "string") {
      terminal.err(`${plan} "wherefrom toa attach --help" lists what there is.`);
      return 2;
    }
    return carryOut(plan, terminal);
  },
};

interface Plan {
  readonly cgroup: string;
  readonly trusted: readonly Prefix[] | undefined;
  /** Undefined where packets stay as they are. */
  readonly kinds: readonly number[] | undefined;
  readonly handshakeOnly: boolean;
  readonly pinPath: string | undefined;
  readonly stays: boolean;
  readonly product: ToaProductName | undefined;
  readonly beside: boolean;
}

/** Or what is wrong with the first option that cannot be read, as a sentence. */
function readPlan({ names, values }: OptionReading): Plan | string {
  const { cgroup, trust, kinds, pin, compat } = values;
  if (cgroup === undefined) return "--cgroup is missing: which control group's processes shall read?";
  const trusted = trust === undefined ? undefined : readPrefixes(trust);
  if (typeof trusted === "string") return `${trusted} of --trust is no prefix.`;
  const stripped = kinds === undefined ? TOA_KINDS : readKinds(kinds);
  if (stripped === undefined) return `"${kinds}" of --kinds is no list of numbers from 2 to 255.`;
  if (kinds !== undefined && (trusted === undefined || names.has("no-filter")))
    return "--kinds says what the filter of --trust removes.";
  if (names.has("stay") && pin === undefined) return "--stay goes with --pin; without pins it stays anyway.";
  if (compat !== undefined && trusted === undefined)
    return "--compat needs --trust: whose options shall every program believe?";
  if (names.has("no-filter") && compat === undefined) return "--no-filter goes with --compat.";
  const problem = compat === undefined ? undefined : whyNoProduct(compat);
  if (problem !== undefined) return `--compat: ${problem}${problem.endsWith("?") ? "" : "."}`;
  return {
    cgroup,
    trusted,
    kinds: trusted === undefined || names.has("no-filter") ? undefined : stripped,
    handshakeOnly: names.has("handshake-only"),
    pinPath: pin,
    stays: pin === undefined || names.has("stay"),
    product: compat as ToaProductName | undefined,
    beside: names.has("beside"),
  };
}

async function carryOut(plan: Plan, terminal: Terminal): Promise<number> {
  const { cgroup, trusted = [], kinds, pinPath, stays, product } = plan;
  const interruption = stays ? terminal.interruption() : undefined;
  const obstacle =
    whyNoGroup(cgroup) ??
    (pinPath === undefined ? undefined : makePinDirectory(pinPath)) ??
    (plan.beside ? undefined : conflictAt(cgroup, pinPath));
  if (obstacle !== undefined) {
    terminal.err(obstacle);
    return 1;
  }
  // Before anybody is told that we are attached: who is told may remove the group at once.
  const group = groupNumber(cgroup);
  const texts = trusted.map(formatPrefix);
  // First the filter: what nobody can read yet harms nobody.
  if (kinds !== undefined) {
    const problem = filter(texts, kinds, pinPath !== undefined);
    if (problem !== undefined) {
      terminal.err(problem);
      return 1;
    }
    terminal.out(`TOA of kinds ${kinds.join(", ")} is removed from all but ${texts.join(", ")}`);
  }
  const attached = attachAll(plan);
  if (attached !== "on") {
    const hint = attached.includes("pin") ? `\n"wherefrom toa detach --pin ${pinPath}" removes what is pinned.` : "";
    terminal.err(`the programs are ${attached}${hint}`);
    if (kinds !== undefined && pinPath === undefined) removeFilter();
    return 1;
  }
  if (product !== undefined) terminal.out(`every program there is told the client that ${product} names`);
  const until = pinPath === undefined ? "until this one ends" : `until "wherefrom toa detach --pin ${pinPath}"`;
  terminal.out(`attached to ${cgroup}: its processes read TOA ${until}`);
  if (interruption === undefined) return 0;
  const isGone = await outlast(cgroup, group, interruption);
  if (kinds !== undefined && pinPath === undefined) removeFilter();
  if (isGone) terminal.err(`the control group ${cgroup} was removed, and the programs with it: attach again`);
  return isGone ? 1 : 0;
}

/** Whether the control group of this number ended before the agent was asked to. */
async function outlast(cgroup: string, number: number | undefined, interruption: Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const removal = new Promise<true>((settle) => {
    timer = setInterval(() => groupNumber(cgroup) === number || settle(true), GROUP_CHECK_MS);
  });
  const isGone = await Promise.race([removal, interruption.then(() => false)]);
  clearInterval(timer);
  return isGone;
}

function attachAll({ cgroup, trusted = [], handshakeOnly, pinPath, product }: Plan): string {
  try {
    const standIn = product === undefined ? undefined : { product, trust: trusted };
    return attachToaPrograms(cgroup, { handshakeOnly, pinPath, standIn });
  } catch (error) {
    if (WherefromError.is(error)) return `refused: ${error.message}`;
    throw error;
  }
}

/** What goes wrong, in words. What is pinned may be attached anew, and its filter then changes without a gap. */
function filter(trusted: readonly string[], kinds: readonly number[], isPinned: boolean): string | undefined {
  try {
    (isPinned ? replaceFilter : installFilter)(trusted, kinds);
    return undefined;
  } catch (error) {
    return `the filter cannot be installed: ${wordsOf(error)}\nIs one there already? "wherefrom toa detach" removes it.`;
  }
}

function readKinds(text: string): readonly number[] | undefined {
  const kinds = text.split(",").map(Number);
  return kinds.every((kind) => Number.isInteger(kind) && kind >= 2 && kind <= 255) ? kinds : undefined;
}

function whyNoProduct(name: string): string | undefined {
  try {
    compileToaProduct(name as ToaProductName);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** What a program that failed wrote, or the error itself (it is not installed). */
function wordsOf(error: unknown): string {
  const { stderr, message } = error as { readonly stderr?: string; readonly message: string };
  return stderr?.trim() || message;
}
