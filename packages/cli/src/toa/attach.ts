import { formatPrefix, type Prefix, WherefromError } from "@wherefrom/core";
import { compileToaProduct, type ToaProductName } from "@wherefrom/core/wire";
import { attachToaPrograms } from "@wherefrom/net";
import type { Command } from "../terminal/command.ts";
import type { OptionReading } from "../terminal/option.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { conflictAt } from "./conflict.ts";
import { groupNumber, whyNoGroup } from "./group.ts";
import { installFilter, readPrefixes, removeFilter, replaceFilter, TOA_KINDS } from "./node-filter.ts";
import { makePinDirectory } from "./pin-directory.ts";

/** How often an agent looks whether its control group is still there, in milliseconds: for as long nothing is read after one was made anew. */
const GROUP_CHECK_MS = 2000;

/** The agent of a node: attaches as long as it runs, or pins; and filters for as long. */
export const attach: Command = {
  summary:
    "attach the TOA programs to a cgroup, so that its processes read TOA unprivileged; lasts until this command exits, or with --pin permanently",
  options: {
    cgroup: {
      type: "string",
      value: "DIRECTORY",
      description: "directory of the cgroup (v2), such as /sys/fs/cgroup/kubepods.slice",
    },
    trust: {
      type: "string",
      value: "PREFIXES",
      description:
        "prefixes of the load balancers: this node removes TOA options from all other senders, before NAT (iptables)",
    },
    kinds: {
      type: "string",
      value: "KINDS",
      description: `TCP option kinds that the filter removes; default ${TOA_KINDS.join(",")}`,
    },
    "no-filter": {
      type: "boolean",
      description: "do not install the iptables filter (--trust then applies to --compat only)",
    },
    "handshake-only": { type: "boolean", description: "read TOA from handshake packets only, not from data packets" },
    pin: {
      type: "string",
      value: "DIRECTORY",
      description: "directory in a BPF file system, such as /sys/fs/bpf/wherefrom: pin the programs there and exit",
    },
    stay: { type: "boolean", description: "with --pin: keep running until signalled; pins are kept on exit" },
    compat: {
      type: "string",
      value: "PRODUCT",
      description:
        "stand in for toa.ko: getpeername() returns the client from this product's options, if their sender is in --trust",
    },
    beside: { type: "boolean", description: "attach even if wherefrom's programs are already attached there" },
  },
  run: async (given, terminal) => {
    const plan = readPlan(given);
    if (typeof plan === "string") {
      terminal.err(`${plan} "wherefrom toa attach --help" lists the options.`);
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
  if (cgroup === undefined) return "--cgroup is required: the cgroup whose processes should be able to read TOA.";
  const trusted = trust === undefined ? undefined : readPrefixes(trust);
  if (typeof trusted === "string") return `${trusted} in --trust is not a valid prefix. Write for example 10.0.0.0/8.`;
  const stripped = kinds === undefined ? TOA_KINDS : readKinds(kinds);
  if (stripped === undefined)
    return `"${kinds}" in --kinds is not a valid list: write numbers from 2 to 255, separated by commas.`;
  if (kinds !== undefined && (trusted === undefined || names.has("no-filter")))
    return "--kinds configures the filter: add --trust, and remove --no-filter.";
  if (names.has("stay") && pin === undefined)
    return "--stay requires --pin: without --pin the command keeps running anyway.";
  if (compat !== undefined && trusted === undefined)
    return "--compat requires --trust: the load balancers whose options are accepted.";
  if (names.has("no-filter") && compat === undefined) return "--no-filter requires --compat.";
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
  // Read before the command prints that it is attached: a supervisor may remove the group as soon as it reads that line.
  const group = groupNumber(cgroup);
  const texts = trusted.map(formatPrefix);
  // Install the filter first: until the programs are attached, no process can read a spoofed option.
  if (kinds !== undefined) {
    const problem = filter(texts, kinds, pinPath !== undefined);
    if (problem !== undefined) {
      terminal.err(problem);
      return 1;
    }
    terminal.out(`TOA of kinds ${kinds.join(", ")} is removed from packets of all senders except ${texts.join(", ")}`);
  }
  const attached = attachAll(plan);
  if (attached !== "on") {
    const hint = attached.includes("pin") ? `\n"wherefrom toa detach --pin ${pinPath}" removes the pins.` : "";
    terminal.err(`the programs are ${attached}${hint}`);
    if (kinds !== undefined && pinPath === undefined) removeFilter();
    return 1;
  }
  if (product !== undefined)
    terminal.out(`getpeername() in this cgroup now returns the client address from ${product} options`);
  const until = pinPath === undefined ? "until this command exits" : `until "wherefrom toa detach --pin ${pinPath}"`;
  terminal.out(`attached to ${cgroup}: its processes read TOA ${until}`);
  if (interruption === undefined) return 0;
  const isGone = await outlast(cgroup, group, interruption);
  if (kinds !== undefined && pinPath === undefined) removeFilter();
  if (isGone) terminal.err(`the cgroup ${cgroup} was removed, and its programs with it: run this command again`);
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
