import { readFileSync } from "node:fs";
import { type DenyFormat, formatDenyList } from "@wherefrom/audit";
import { DENY_FORMATS } from "@wherefrom/audit/internal";
import { parsePrefix, type Prefix } from "@wherefrom/core";
import type { Command } from "../terminal/command.ts";
import { openEngine } from "../events/engine.ts";
import { unreadableFile } from "../events/event-files.ts";
import { GEO_OPTIONS, locateEvents } from "../events/places.ts";
import { nothingBecause, PERIOD_OPTIONS, readPeriod } from "../events/period.ts";
import { expandName } from "../logs/file-names.ts";
import { doubtsOf, loadLogs, type LogOptions } from "../logs/load.ts";
import { LOG_OPTIONS, prefixesOf, readLogOptions } from "../logs/options.ts";
import { formatCount, formatMany, formatSecond, formatShare } from "../terminal/number-text.ts";
import { didYouMean, type OptionReading } from "../terminal/option.ts";
import { PNG_ON_TERMINAL, pngOf } from "../terminal/png.ts";
import { showProgress } from "../terminal/progress.ts";
import { createPaint, fail, refuse } from "../terminal/terminal.ts";
import { type Attack, ATTACK_COLUMNS, type AttackOptions, findTraffic, prepareAttacks, traceAttack } from "./attack.ts";
import { attackDetail } from "./attack-json.ts";
import { formatAttack, formatSurges } from "./attack-text.ts";
import { type Deny, type Denied, withinBudget } from "./deny.ts";
import { formatSurgePage } from "./surge-page.ts";
import { drawSurge } from "./surge-picture.ts";
import { readTimeline } from "./timeline.ts";

/** Options that say what is printed. */
const PICTURES = ["svg", "png", "html"];
const FORMATS = ["deny", "json", ...PICTURES];
const DEFAULT_TOP = 10;
const TOP_LIMIT = 100_000;
/** A request rate above this many times the usual one is a surge. */
const DEFAULT_FACTOR = 3;
/** Usual clients that one entry of a deny list may hit: the one that is the attacker. */
const DEFAULT_COLLATERAL = 1;

/** Who attacked, from yesterday's files. */
export const trace: Command = {
  summary: "find traffic surges in logs, list their sources and print a blocklist",
  words: "FILES...",
  options: {
    surge: {
      type: "string",
      value: "NUMBER",
      description: "show this surge; default the one with the most requests",
    },
    ...PERIOD_OPTIONS,
    factor: {
      type: "string",
      value: "NUMBER",
      description: `how many times the usual rate counts as a surge; default ${DEFAULT_FACTOR}`,
    },
    top: { type: "string", value: "COUNT", description: `how many entries each list has; default ${DEFAULT_TOP}` },
    deny: {
      type: "string",
      value: "FORMAT",
      description: `print only a blocklist, of all surges or of --surge: ${DENY_FORMATS.join(", ")}`,
    },
    collateral: {
      type: "string",
      value: "COUNT",
      description: `most usual clients that one blocked prefix may hit; default ${DEFAULT_COLLATERAL}`,
    },
    allow: { type: "string", value: "FILE", description: "prefixes that are never blocked, one per line" },
    least: {
      type: "string",
      value: "COUNT",
      description: "fewest requests of a source in the blocklist; default by its rise",
    },
    json: {
      type: "boolean",
      description: "print one line of JSON for each surge, in the shape of AWS Shield's DescribeAttack",
    },
    svg: { type: "boolean", description: "print an SVG time line of the surge, stacked by network" },
    png: {
      type: "boolean",
      description: "print the same as PNG, into a file or a pipe (requires npm install @resvg/resvg-js)",
    },
    html: { type: "boolean", description: "print one self-contained HTML page: time line, sources and blocklist" },
    ...LOG_OPTIONS,
    ...GEO_OPTIONS,
  },
  run: async (given, terminal) => {
    const options = readTraceOptions(given);
    if (typeof options === "string") return refuse(options, "wherefrom trace", terminal);
    const { names, values, words } = given;
    if (words.length === 0)
      return refuse(
        'Which files? An access log, such as /var/log/nginx/access.log*, or "-" for standard input.',
        "wherefrom trace",
        terminal,
      );
    const asked = FORMATS.filter((format) => names.has(format));
    if (asked.length > 1)
      return refuse(`--${asked[0]} and --${asked[1]} cannot be combined.`, "wherefrom trace", terminal);
    if (names.has("png") && terminal.bytes === undefined) return refuse(PNG_ON_TERMINAL, "wherefrom trace", terminal);
    const files = words.flatMap(expandName);
    const trouble = files.length === 0 ? `No file matches ${words.join(", ")}.` : unreadableFile(files);
    if (trouble !== undefined) return fail(trouble, terminal);
    const engine = await openEngine();
    const progress = showProgress(files, terminal);
    try {
      const loaded = await loadLogs(engine, files, ATTACK_COLUMNS, {
        ...options.log,
        period: {},
        progress: progress.tell,
      });
      progress.end();
      await locateEvents(engine, values, ATTACK_COLUMNS);
      const traffic = await findTraffic(engine, options);
      if (traffic === undefined)
        return fail(
          `There is no request in ${words.join(", ")}${nothingBecause(options.period, loaded.unread)}.`,
          terminal,
        );
      if (options.surge !== undefined && options.surge > traffic.surges.length)
        return fail(
          `--surge ${options.surge} does not exist: ${formatMany(traffic.surges.length, "surge was", "surges were")} found.`,
          terminal,
        );
      await prepareAttacks(engine, traffic);
      const numbers = traffic.periods.map((_, index) => index);
      const largest = numbers.reduce(
        (best, index) =>
          (traffic.surges[index]?.requests ?? 0) > (traffic.surges[best]?.requests ?? 0) ? index : best,
        0,
      );
      const isEach = (options.deny !== undefined || names.has("json")) && options.surge === undefined;
      const opened = isEach ? numbers : [options.surge === undefined ? largest : options.surge - 1];
      const attacks: Attack[] = [];
      for (const index of opened) attacks.push(await traceAttack(engine, traffic, index, options));
      if (attacks.every(({ requests }) => requests === 0))
        return fail(
          `There is no request in ${words.join(", ")}${nothingBecause(options.period, loaded.unread)}.`,
          terminal,
        );
      if (options.deny !== undefined) terminal.out(formatDeny(attacks, options.deny).trimEnd());
      else if (names.has("json"))
        for (const [index, attack] of attacks.entries())
          terminal.out(JSON.stringify(attackDetail(attack, (opened[index] as number) + 1, traffic, loaded.unread)));
      else if (PICTURES.some((picture) => names.has(picture))) {
        const [[attack], [shown]] = [attacks as [Attack], opened as [number]];
        const picture = drawSurge(attack, await readTimeline(engine, traffic, shown));
        if (names.has("png")) terminal.bytes?.(await pngOf(picture));
        else terminal.out(names.has("svg") ? picture : formatSurgePage(attack, shown, traffic, picture));
      } else {
        const paint = createPaint(terminal.hasColors);
        const [attack] = attacks as [Attack];
        for (const line of [
          ...formatSurges(traffic, opened[0] as number, paint),
          ...formatAttack(attack, loaded.unread, paint),
        ])
          terminal.out(line);
      }
      if (traffic.strays > 0)
        terminal.err(
          `${formatMany(traffic.strays, "request has", "requests have")} a time more than a week from all others: no surge is looked for there.`,
        );
      for (const line of doubtsOf(loaded)) terminal.err(line);
      return 0;
    } finally {
      progress.end();
      engine.close();
    }
  },
};

interface TraceOptions extends AttackOptions {
  readonly deny: DenyFormat | undefined;
  readonly surge: number | undefined;
  readonly log: Omit<LogOptions, "period">;
}

function readTraceOptions(given: OptionReading): TraceOptions | string {
  const reading = readLogOptions(given);
  if (typeof reading === "string") return reading;
  const { log, values } = reading;
  const period = readPeriod(values);
  if (typeof period === "string") return period;
  const top = Number(values["top"] ?? DEFAULT_TOP);
  if (!Number.isInteger(top) || top < 1 || top > TOP_LIMIT)
    return `"${values["top"]}" of --top is not a whole number from 1 to ${TOP_LIMIT}.`;
  const whole = (name: string, least: number): number | string | undefined => {
    const text = values[name];
    if (text === undefined) return undefined;
    return /^\d{1,9}$/.test(text) && Number(text) >= least
      ? Number(text)
      : `"${text}" of --${name} is not a whole number of at least ${least}.`;
  };
  const [surge, fewest, collateral = DEFAULT_COLLATERAL] = [
    whole("surge", 1),
    whole("least", 1),
    whole("collateral", 0),
  ];
  for (const each of [surge, fewest, collateral]) if (typeof each === "string") return each;
  const factor = Number(values["factor"] ?? DEFAULT_FACTOR);
  if (!(factor > 1 && factor < Infinity)) return `"${values["factor"]}" of --factor is not a number above 1.`;
  const { deny } = values;
  if (deny !== undefined && !DENY_FORMATS.includes(deny as DenyFormat)) {
    return `Unknown format "${deny}"${didYouMean(deny, DENY_FORMATS).replace(/\.$/, `; write ${DENY_FORMATS.join(", ")}.`)}`;
  }
  if (surge !== undefined && (period.from !== undefined || period.to !== undefined))
    return "--surge cannot be combined with --since or --until.";
  const allow = readAllowed(values["allow"], values["trust"]);
  if (typeof allow === "string") return allow;
  return {
    top,
    factor,
    period,
    log,
    allow,
    least: fewest as number | undefined,
    surge: surge as number | undefined,
    collateral: collateral as number,
    deny: deny as DenyFormat | undefined,
  };
}

/** Prefixes of the file, and the proxies'. */
function readAllowed(file: string | undefined, trust: string | undefined): readonly Prefix[] | string {
  const allowed: Prefix[] = prefixesOf(trust ?? "").flatMap((text) => parsePrefix(text) ?? []);
  if (file === undefined) return allowed;
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    return `"${file}" of --allow cannot be read: ${(error as Error).message}.`;
  }
  for (const [index, line] of text.split("\n").entries()) {
    const written = line.replace(/#.*/, "").trim();
    if (written === "") continue;
    const prefix = parsePrefix(written);
    if (prefix === undefined) return `Line ${index + 1} of "${file}" is not a prefix: "${written}".`;
    allowed.push(prefix);
  }
  return allowed;
}

/** One list of all attacks: a prefix that is in several stands once, with what it stops of all. */
function formatDeny(attacks: readonly Attack[], format: DenyFormat): string {
  const sums = new Map<string, Denied>();
  for (const { deny } of attacks) {
    for (const each of deny.entries)
      sums.set(each.prefix, { ...each, requests: each.requests + (sums.get(each.prefix)?.requests ?? 0) });
  }
  // Each attack's list hits few usual clients, and so do all of them together.
  const { kept, left } = withinBudget([...sums.values()].toSorted((a, b) => b.requests - a.requests));
  const all = attacks.reduce((sum, { requests }) => sum + requests, 0);
  const entries = kept.map(({ prefix, requests, collateral }) => ({
    prefix,
    note: `${formatMany(requests, "request", "requests")}, ${formatShare(requests, all)}${collateral === 0 ? "" : `; hits ${formatMany(collateral, "usual client", "usual clients")}`}`,
  }));
  const list = formatDenyList(entries, format);
  // JSON and CSV have no place for a remark.
  if (!["nginx", "haproxy", "ipset", "nftables", "cidr"].includes(format)) return list;
  if (entries.length === 0)
    return "# no proven source exceeds the threshold without hitting usual clients; change it with --least COUNT or --collateral COUNT\n";
  const heads = attacks.map(
    ({ from, to, deny }) => `# ${formatSecond(from)} to ${formatSecond(to)} UTC: ${effectOf(deny)}\n`,
  );
  const leftOut = [...left, ...attacks.flatMap(({ deny }) => deny.leftOut)].map(
    ({ prefix, requests, collateral }) =>
      `# left out: ${prefix}, ${formatMany(requests, "request", "requests")}; ${collateral === 0 ? "allowed" : `would hit ${formatMany(collateral, "usual client", "usual clients")}`}\n`,
  );
  return heads.join("") + [...new Set(leftOut)].join("") + list;
}

function effectOf({ entries, stopped, hit }: Deny): string {
  const count = formatMany(entries.length, "prefix", "prefixes");
  if (stopped === undefined)
    return `${count} with the most requests; no other time to compare with: read the list before you use it`;
  return `${count}, about ${formatShare(stopped, 1)} of the attack, ${formatShare(hit ?? 0, 1)} of usual clients (${formatCount(entries.reduce((sum, { collateral }) => sum + collateral, 0))})`;
}
