import { formatPrefix, parsePrefix } from "@wherefrom/core";
import { type Engine, sqlText } from "../events/engine.ts";
import type { Period } from "../events/event-files.ts";
import type { Traffic } from "./attack.ts";

/** Columns of a time line at most: two pixels of each still show. */
const COLUMN_LIMIT = 240;
/** Networks that a time line tells apart; the rest is one. */
const NETWORK_LIMIT = 5;

/** Requests of one network (/24 of IPv4, /48 of IPv6) by column; of all others where `name` is undefined. */
interface Series {
  readonly name: string | undefined;
  readonly counts: readonly number[];
}

/** Requests over time, around one surge. */
export interface Timeline extends Period {
  readonly columnSeconds: number;
  /** Those that rose most first, the rest last. */
  readonly series: readonly Series[];
}

/** Of the period of this number, with as much time before and behind it as it has itself. */
export async function readTimeline(engine: Engine, traffic: Traffic, phase: number): Promise<Timeline> {
  const { span, periods, bucketSeconds, outsideSeconds } = traffic;
  const period = periods[phase] as Period;
  const length = period.to - period.from;
  const [wantedFrom, wantedTo] = [Math.max(span.from, period.from - length), Math.min(span.to, period.to + length)];
  const step = bucketSeconds * Math.max(1, Math.ceil((wantedTo - wantedFrom) / bucketSeconds / COLUMN_LIMIT));
  const from = wantedFrom - (wantedFrom % step);
  const columns = Math.max(1, Math.ceil((wantedTo - from) / step));
  const usualShare = outsideSeconds === 0 ? 0 : length / outsideSeconds;
  const risen = await engine.rows(
    `SELECT network AS name FROM by_machine WHERE phase IN (${phase}, -1) AND network IS NOT NULL GROUP BY 1
      HAVING count(*) FILTER (phase = ${phase}) > 0
      ORDER BY coalesce(sum(n) FILTER (phase = ${phase}), 0) - coalesce(sum(n) FILTER (phase = -1), 0) * ${usualShare} DESC, name LIMIT ${NETWORK_LIMIT}`,
  );
  const names = risen.map(({ name }) => String(name));
  const isNamed = names.length === 0 ? "false" : `wide(source) IN (${names.map(sqlText).join(", ")})`;
  const rows = await engine.rows(
    `SELECT ((second - ${from}) // ${step})::DOUBLE AS at, CASE WHEN ${isNamed} THEN wide(source) END AS name, count(*)::DOUBLE AS n
      FROM events WHERE action = 'client.resolved' AND second >= ${from} AND second < ${from + columns * step} GROUP BY ALL`,
  );
  const counts = new Map<string | undefined, number[]>(
    [...names, undefined].map((name) => [name, Array.from({ length: columns }, () => 0)]),
  );
  for (const { at, name, n } of rows) {
    const series = counts.get(typeof name === "string" ? name : undefined) as number[];
    series[Number(at)] = Number(n);
  }
  return {
    from,
    to: from + columns * step,
    columnSeconds: step,
    series: [...counts].map(([name, each]) => ({
      name: name === undefined ? undefined : networkText(name),
      counts: each,
    })),
  };
}

/** What SQL cut out of an address, in RFC 5952 form. */
function networkText(name: string): string {
  const prefix = parsePrefix(name);
  return prefix === undefined ? name : formatPrefix(prefix);
}
