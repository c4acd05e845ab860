import type { Command } from "./command.ts";
import { openEngine } from "./events/engine.ts";
import { loadEvents, unreadableFile } from "./events/event-files.ts";
import { GEO_OPTIONS, locateEvents } from "./events/places.ts";
import { formatCount, formatMany, formatSecond } from "./number-text.ts";
import { didYouMean } from "./option.ts";
import { createPaint } from "./paint.ts";
import { drawRegions, PICTURE_WIDTH } from "./report/region-picture.ts";
import { formatRegionCsv, formatRegions } from "./report/region-text.ts";
import { readRegions, REGION_COLUMNS, REGION_KINDS, type Region, type RegionKind } from "./report/regions.ts";
import { drawWorld } from "./report/world.ts";
import type { Terminal } from "./terminal.ts";
import { nothingBecause, readPeriod } from "./trace.ts";

const FORMATS = ["csv", "json", "svg"];

/** Traffic by region, from files. */
export const report: Command = {
  summary: "requests, bytes and clients by region, from files of events",
  words: "FILES...",
  options: {
    by: { type: "string", description: `${REGION_KINDS.join(", ")}; default country` },
    from: { type: "string", description: "look from this time on, in ISO 8601 (2026-11-25T09:00Z)" },
    to: { type: "string", description: "and before this one" },
    csv: { type: "boolean", description: "for spreadsheets" },
    json: { type: "boolean", description: "one line of JSON for each region" },
    svg: { type: "boolean", description: "a picture: bars, and a map of the countries" },
    ...GEO_OPTIONS,
  },
  run: async ({ names, values, words }, terminal) => {
    const { by = "country" } = values;
    if (!REGION_KINDS.includes(by as RegionKind)) {
      return refuse(
        `There is no "${by}" to count by${didYouMean(by, REGION_KINDS).replace(/\.$/, `; there are ${REGION_KINDS.join(", ")}.`)}`,
        terminal,
      );
    }
    const kind = by as RegionKind;
    const period = readPeriod(values);
    if (typeof period === "string") return refuse(period, terminal);
    const asked = FORMATS.filter((format) => names.has(format));
    if (asked.length > 1) return refuse(`"--${asked[0]}" and "--${asked[1]}" are two answers: ask for one.`, terminal);
    if (words.length === 0)
      return refuse("Which files? They are those of jsonLines(path), such as /var/log/service/audit.jsonl.", terminal);
    const trouble = unreadableFile(words);
    if (trouble !== undefined) return fail(trouble, terminal);
    const engine = await openEngine();
    try {
      const { requests, unread } = await loadEvents(engine, words, REGION_COLUMNS, period);
      if (requests === 0)
        return fail(`There is no request in ${words.join(", ")}${nothingBecause(period, unread)}.`, terminal);
      const databases = await locateEvents(engine, values, REGION_COLUMNS);
      const regions = await readRegions(engine, kind);
      const [span] = await engine.rows("SELECT min(second)::DOUBLE AS first, max(second)::DOUBLE AS last FROM events");
      const heading = `${formatSecond(Number(span?.["first"]))} to ${formatSecond(Number(span?.["last"]))} UTC, ${formatCount(requests)} requests`;
      if (names.has("csv")) for (const line of formatRegionCsv(regions, kind)) terminal.out(line);
      else if (names.has("json")) for (const region of regions) terminal.out(JSON.stringify(region));
      else if (names.has("svg"))
        terminal.out(
          drawRegions(regions, kind, heading, kind === "country" ? await drawWorld(PICTURE_WIDTH) : undefined),
        );
      else
        for (const line of [heading, "", ...formatRegions(regions, kind, createPaint(terminal.hasColors))])
          terminal.out(line);
      if (databases.length > 0) terminal.err(`Places are those of ${databases.join(" and ")}.`);
      for (const line of doubts(regions, unread)) terminal.err(line);
      return 0;
    } finally {
      engine.close();
    }
  },
};

/** What the numbers do not say by themselves. */
function doubts(regions: readonly Region[], unread: number): string[] {
  const isPlaceless = regions.every(({ name }) => name === undefined);
  return [
    ...(isPlaceless
      ? [
          "No event says where its client is: --city FILE or --country FILE looks it up now, and auditTo(sink, { locate: geo.locate }) writes it (docs/audit.md).",
        ]
      : []),
    ...(unread === 0 ? [] : [`${formatMany(unread, "line is no event", "lines are no events")}: left out.`]),
  ];
}

function refuse(sentence: string, terminal: Terminal): number {
  terminal.err(`${sentence} "wherefrom report --help" lists what there is.`);
  return 2;
}

function fail(sentence: string, terminal: Terminal): number {
  terminal.err(sentence);
  return 1;
}
