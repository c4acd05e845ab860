import { DENY_FORMATS, type DenyFormat, formatDenyList } from "@wherefrom/audit";
import type { Command } from "./command.ts";
import { openEngine } from "./events/engine.ts";
import { loadEvents, type Period, unreadableFile } from "./events/event-files.ts";
import { GEO_OPTIONS, locateEvents } from "./events/places.ts";
import { formatMany, formatSecond, formatShare } from "./number-text.ts";
import { didYouMean } from "./option.ts";
import { createPaint } from "./paint.ts";
import type { Terminal } from "./terminal.ts";
import { type Attack, ATTACK_COLUMNS, type AttackOptions, traceAttack } from "./trace/attack.ts";
import { attackDetail } from "./trace/attack-json.ts";
import { formatAttack } from "./trace/attack-text.ts";

const DEFAULT_TOP = 10;
const TOP_LIMIT = 100_000;
/** A request rate above this many times the median is told as a surge. */
const DEFAULT_FACTOR = 5;

/** Who attacked, from yesterday's files. */
export const trace: Command = {
  summary: "who it was that asked so often: the surge in files of events, its sources, and a list to deny them",
  words: "FILES...",
  options: {
    from: {
      type: "string",
      description: "look from this time on, in ISO 8601 (2026-11-25T09:00Z), and not for a surge",
    },
    to: { type: "string", description: "and before this one" },
    factor: { type: "string", description: `how many times the usual rate is a surge; default ${DEFAULT_FACTOR}` },
    top: { type: "string", description: `how many of each to name, and to deny; default ${DEFAULT_TOP}` },
    deny: { type: "string", description: `only the proven sources, as ${DENY_FORMATS.join(", ")}` },
    least: {
      type: "string",
      description: "deny only who asked so often; default a thousandth of all requests, and 10 at least",
    },
    json: { type: "boolean", description: "one line of JSON in the shape of AWS Shield's DescribeAttack" },
    ...GEO_OPTIONS,
  },
  run: async ({ names, values, words }, terminal) => {
    const options = readTraceOptions(values);
    if (typeof options === "string") return refuse(options, terminal);
    if (words.length === 0)
      return refuse("Which files? They are those of jsonLines(path), such as /var/log/service/audit.jsonl.", terminal);
    if (options.deny !== undefined && names.has("json"))
      return refuse('"--deny" and "--json" are two answers: ask for one.', terminal);
    const trouble = unreadableFile(words);
    if (trouble !== undefined) return fail(trouble, terminal);
    const engine = await openEngine();
    try {
      const { unread } = await loadEvents(engine, words, ATTACK_COLUMNS, options.period);
      await locateEvents(engine, values, ATTACK_COLUMNS);
      const attack = await traceAttack(engine, options);
      if (attack === undefined)
        return fail(`There is no request in ${words.join(", ")}${nothingBecause(options.period, unread)}.`, terminal);
      if (options.deny !== undefined) terminal.out(formatDeny(attack, options.deny).trimEnd());
      else if (names.has("json")) terminal.out(JSON.stringify(attackDetail(attack, unread)));
      else for (const line of formatAttack(attack, unread, createPaint(terminal.hasColors))) terminal.out(line);
      return 0;
    } finally {
      engine.close();
    }
  },
};

interface TraceOptions extends AttackOptions {
  readonly deny: DenyFormat | undefined;
}

function readTraceOptions(values: Readonly<Record<string, string>>): TraceOptions | string {
  const period = readPeriod(values);
  if (typeof period === "string") return period;
  const top = Number(values["top"] ?? DEFAULT_TOP);
  if (!Number.isInteger(top) || top < 1 || top > TOP_LIMIT)
    return `"${values["top"]}" of --top is no whole number from 1 to ${TOP_LIMIT}.`;
  const least = values["least"] === undefined ? undefined : Number(values["least"]);
  if (least !== undefined && !(Number.isInteger(least) && least > 0)) {
    return `"${values["least"]}" of --least is no whole number from 1.`;
  }
  const factor = Number(values["factor"] ?? DEFAULT_FACTOR);
  if (!(factor > 1 && factor < Infinity)) return `"${values["factor"]}" of --factor is no number above 1.`;
  const { deny } = values;
  if (deny !== undefined && !DENY_FORMATS.includes(deny as DenyFormat)) {
    return `There is no format "${deny}"${didYouMean(deny, DENY_FORMATS).replace(/\.$/, `; there are ${DENY_FORMATS.join(", ")}.`)}`;
  }
  return { top, least, factor, period, deny: deny as DenyFormat | undefined };
}

/** Of `--from` and `--to`, or what is wrong with them. */
export function readPeriod({ from, to }: Readonly<Record<string, string>>): Partial<Period> | string {
  const seconds: { from?: number; to?: number } = {};
  for (const [name, text] of [
    ["from", from],
    ["to", to],
  ] as const) {
    if (text === undefined) continue;
    // Date also reads what only some people mean by a date.
    const time = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d))?$/.test(text) ? Date.parse(text) : NaN;
    if (Number.isNaN(time))
      return `"${text}" of --${name} is no time in ISO 8601 with its zone, such as 2026-11-25T09:00Z.`;
    seconds[name] = time / 1000;
  }
  if (seconds.from !== undefined && seconds.to !== undefined && seconds.from >= seconds.to)
    return `--from ${from} is not before --to ${to}.`;
  return seconds;
}

/** The end of a sentence that found nothing. */
export function nothingBecause(period: Partial<Period>, unread: number): string {
  const asked = period.from !== undefined || period.to !== undefined ? " in that time" : "";
  return unread === 0
    ? asked
    : `${asked} (${formatMany(unread, "line is no event", "lines are no events")}: are these JSON Lines in the Elastic Common Schema?)`;
}

function formatDeny({ deny, requests, from, to }: Attack, format: DenyFormat): string {
  const entries = deny.map(({ prefix, requests: part }) => ({
    prefix,
    note: `${formatMany(part, "request", "requests")}, ${formatShare(part, requests)}`,
  }));
  if (entries.length === 0) {
    return "# no proven source has asked often enough to be denied by itself: --least N asks for less\n";
  }
  const head = `# proven sources from ${formatSecond(from)} to ${formatSecond(to)} UTC, the heaviest first: read them before you deny them\n`;
  return head + formatDenyList(entries, format);
}

function refuse(sentence: string, terminal: Terminal): number {
  terminal.err(`${sentence} "wherefrom trace --help" lists what there is.`);
  return 2;
}

function fail(sentence: string, terminal: Terminal): number {
  terminal.err(sentence);
  return 1;
}
