import { accessSync, constants, statSync } from "node:fs";
import { type Engine, sqlText } from "./engine.ts";

/** Seconds since 1970: from the first, to before the second. */
export interface Period {
  readonly from: number;
  readonly to: number;
}

/** What was in the files. */
export interface LoadedEvents {
  /** Requests and connections: `client.resolved`. */
  readonly requests: number;
  /** Lines that are no JSON, or have no time. */
  readonly unread: number;
}

/** Columns of the table `events`, from the fields of the Elastic Common Schema that `formatEcs` writes. */
const COLUMNS: Readonly<Record<string, string>> = {
  second: `epoch("@timestamp")::BIGINT`,
  action: "event.action",
  reason: "event.reason",
  // The client, or whoever is connected where none is proven.
  source: "coalesce(source.address, source.ip, 'unknown')",
  proven: PROVEN(),
  continent: "source.geo.continent_code",
  country: "source.geo.country_iso_code",
  region: "coalesce(source.geo.region_iso_code, source.geo.region_name)",
  city: "source.geo.city_name",
  asn: `source."as".number`,
  organization: `source."as".organization.name`,
  path: "url.path",
  agent: "user_agent.original",
  bytes: "http.response.body.bytes",
};

export type EventColumn = keyof typeof COLUMNS;

/** `source.ip` is there for proven clients alone; under a hash, where it never is, the key of who is not proven is the peer's or nobody's. */
function PROVEN(): string {
  return `source.ip IS NOT NULL OR (wherefrom."key" IS NOT NULL AND wherefrom."key" <> 'unknown' AND wherefrom."key" NOT LIKE 'peer %')`;
}

const TYPES = `{
  "@timestamp": 'TIMESTAMP',
  event: 'STRUCT(action VARCHAR, reason VARCHAR)',
  source: 'STRUCT(address VARCHAR, ip VARCHAR, geo STRUCT(continent_code VARCHAR, country_iso_code VARCHAR, region_iso_code VARCHAR, region_name VARCHAR, city_name VARCHAR), "as" STRUCT(number BIGINT, organization STRUCT(name VARCHAR)))',
  http: 'STRUCT(response STRUCT(body STRUCT(bytes BIGINT)))',
  url: 'STRUCT(path VARCHAR)',
  user_agent: 'STRUCT(original VARCHAR)',
  wherefrom: 'STRUCT("key" VARCHAR)'
}`;

/** Why the first of `files` that cannot be read cannot be, as a sentence. */
export function unreadableFile(files: readonly string[]): string | undefined {
  for (const file of files) {
    try {
      accessSync(file, constants.R_OK);
      if (statSync(file).isDirectory())
        return `"${file}" is a directory; its files are wanted, such as ${file}/*.jsonl`;
    } catch (error) {
      return `"${file}" cannot be read: ${(error as Error).message}`;
    }
  }
  return undefined;
}

/** Puts the events of JSON Lines files (plain, or packed as .gz or .zst) into the table `events`, with these columns. Lines that are no events are left out, and counted. */
export async function loadEvents(
  engine: Engine,
  files: readonly string[],
  columns: readonly EventColumn[],
  period: Partial<Period> = {},
): Promise<LoadedEvents> {
  const list = files.map(sqlText).join(", ");
  const chosen = columns.map((name) => `${COLUMNS[name]} AS ${name}`).join(", ");
  const { from = -Infinity, to = Infinity } = period;
  const isWithin = [
    ...(Number.isFinite(from) ? [`second >= ${from}`] : []),
    ...(Number.isFinite(to) ? [`second < ${to}`] : []),
  ];
  // Lines without a time are counted below, whatever the period.
  const condition = isWithin.length === 0 ? "" : ` WHERE second IS NULL OR (${isWithin.join(" AND ")})`;
  await engine.run(
    `CREATE TABLE events AS SELECT * FROM (SELECT ${chosen} FROM read_json([${list}], format = 'newline_delimited', ignore_errors = true, columns = ${TYPES}))${condition}`,
  );
  const [counted] = await engine.rows("SELECT count(*) FILTER (second IS NULL)::DOUBLE AS unread FROM events");
  const [rest] = await engine.rows(`SELECT count(*)::DOUBLE AS requests FROM events WHERE action = 'client.resolved'`);
  return { requests: Number(rest?.["requests"]), unread: Number(counted?.["unread"]) };
}
