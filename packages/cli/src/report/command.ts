import type { Command } from "../terminal/command.ts";
import { openEngine } from "../events/engine.ts";
import { unreadableFile } from "../events/event-files.ts";
import { GEO_OPTIONS, locateEvents } from "../events/places.ts";
import { nothingBecause, PERIOD_OPTIONS, readPeriod } from "../events/period.ts";
import { expandName } from "../logs/file-names.ts";
import { doubtsOf, loadLogs } from "../logs/load.ts";
import { LOG_OPTIONS, readLogOptions } from "../logs/options.ts";
import { formatCount, formatSecond } from "../terminal/number-text.ts";
import { didYouMean } from "../terminal/option.ts";
import { PICTURE_WIDTH } from "../terminal/palette.ts";
import { PNG_ON_TERMINAL, pngOf } from "../terminal/png.ts";
import { showProgress } from "../terminal/progress.ts";
import { createPaint, fail, refuse } from "../terminal/terminal.ts";
import { markHosted } from "./hosting.ts";
import { formatRegionPage } from "./region-page.ts";
import { drawRegions } from "./region-picture.ts";
import { formatRegionCsv, formatRegions } from "./region-text.ts";
import { readRegions, REGION_COLUMNS, REGION_KINDS, type Region, type RegionKind } from "./regions.ts";
import { drawWorld } from "./world.ts";

const FORMATS = ["csv", "json", "svg", "png", "html"];
const CROSSED_LIMIT = 2;

/** Traffic by region, from files. */
export const report: Command = {
  summary: "count requests, bytes and clients by region, network or time, from logs",
  words: "FILES...",
  options: {
    by: {
      type: "string",
      value: "KINDS",
      description: `${REGION_KINDS.join(", ")}, or two of them (country,day); default country`,
    },
    ...PERIOD_OPTIONS,
    "min-clients": {
      type: "string",
      value: "COUNT",
      description: "merge regions with fewer clients into one row",
    },
    hosting: {
      type: "string",
      value: "FILE",
      description: "prefixes and AS numbers of hosting and VPN networks, one per line; adds a column",
    },
    csv: { type: "boolean", description: "print CSV for spreadsheets" },
    json: { type: "boolean", description: "print one line of JSON for each region" },
    svg: { type: "boolean", description: "print an SVG picture: bars, and a map of the countries" },
    png: {
      type: "boolean",
      description: "print the same as PNG, into a file or a pipe (requires npm install @resvg/resvg-js)",
    },
    html: { type: "boolean", description: "print one self-contained HTML page with the picture and the table" },
    ...LOG_OPTIONS,
    ...GEO_OPTIONS,
  },
  run: async (given, terminal) => {
    const { names, words } = given;
    const { by = "country", "min-clients": least = "0", hosting } = given.values;
    const kinds = by.split(",").map((kind) => kind.trim());
    const wrong = kinds.find((kind) => !REGION_KINDS.includes(kind as RegionKind));
    if (wrong !== undefined) {
      return refuse(
        `--by does not know "${wrong}"${didYouMean(wrong, REGION_KINDS).replace(/\.$/, `; write ${REGION_KINDS.join(", ")}.`)}`,
        "wherefrom report",
        terminal,
      );
    }
    if (kinds.length > CROSSED_LIMIT || new Set(kinds).size < kinds.length)
      return refuse(`"${by}" of --by is not one kind, or two that differ.`, "wherefrom report", terminal);
    if (!/^\d{1,9}$/.test(least))
      return refuse(`"${least}" of --min-clients is not a whole number.`, "wherefrom report", terminal);
    const kind = by as RegionKind;
    const reading = readLogOptions(given);
    if (typeof reading === "string") return refuse(reading, "wherefrom report", terminal);
    const { log, values } = reading;
    const period = readPeriod(values);
    if (typeof period === "string") return refuse(period, "wherefrom report", terminal);
    const asked = FORMATS.filter((format) => names.has(format));
    if (asked.length > 1)
      return refuse(`--${asked[0]} and --${asked[1]} cannot be combined.`, "wherefrom report", terminal);
    if (names.has("png") && terminal.bytes === undefined) return refuse(PNG_ON_TERMINAL, "wherefrom report", terminal);
    if (words.length === 0)
      return refuse(
        'Which files? An access log, such as /var/log/nginx/access.log*, or "-" for standard input.',
        "wherefrom report",
        terminal,
      );
    const files = words.flatMap(expandName);
    const trouble = files.length === 0 ? `No file matches ${words.join(", ")}.` : unreadableFile(files);
    if (trouble !== undefined) return fail(trouble, terminal);
    const engine = await openEngine();
    const progress = showProgress(files, terminal);
    try {
      const loaded = await loadLogs(engine, files, REGION_COLUMNS, { ...log, period, progress: progress.tell });
      progress.end();
      if (loaded.requests === 0) {
        for (const line of doubtsOf(loaded)) terminal.err(line);
        return fail(`There is no request in ${words.join(", ")}${nothingBecause(period, loaded.unread)}.`, terminal);
      }
      const databases = await locateEvents(engine, values, REGION_COLUMNS);
      const wrongList = hosting === undefined ? undefined : await markHosted(engine, hosting);
      if (wrongList !== undefined) return fail(wrongList, terminal);
      const regions = await readRegions(engine, {
        kinds: kinds as RegionKind[],
        minClients: Number(least),
        isHosted: hosting !== undefined,
      });
      const [span] = await engine.rows("SELECT min(second)::DOUBLE AS first, max(second)::DOUBLE AS last FROM events");
      const heading = `${formatSecond(Number(span?.["first"]))} to ${formatSecond(Number(span?.["last"]))} UTC, ${formatCount(loaded.requests)} requests`;
      const draw = async (): Promise<string> =>
        drawRegions(regions, kind, heading, kind === "country" ? await drawWorld(PICTURE_WIDTH) : undefined);
      if (names.has("csv")) for (const line of formatRegionCsv(regions, kind)) terminal.out(line);
      else if (names.has("json")) for (const region of regions) terminal.out(JSON.stringify(region));
      else if (names.has("svg")) terminal.out(await draw());
      else if (names.has("png")) terminal.bytes?.(await pngOf(await draw()));
      else if (names.has("html")) terminal.out(formatRegionPage(regions, kind, heading, await draw()));
      else
        for (const line of [heading, "", ...formatRegions(regions, kind, createPaint(terminal.hasColors))])
          terminal.out(line);
      if (databases.length > 0) terminal.err(`Locations from ${databases.join(" and ")}.`);
      for (const line of [...placeless(regions, kinds), ...doubtsOf(loaded)]) terminal.err(line);
      return 0;
    } finally {
      progress.end();
      engine.close();
    }
  },
};

/** What to do where no event has a location. */
function placeless(regions: readonly Region[], kinds: readonly string[]): string[] {
  if (kinds.some((kind) => kind === "hour" || kind === "day") || regions.some(({ name }) => name !== undefined))
    return [];
  return [
    "The events contain no location. Look locations up with --city FILE or --country FILE, or record them with auditTo(sink, { locate: geo.locate }) (docs/reference/audit.md).",
  ];
}
