import { accessSync, constants } from "node:fs";
import { fileStats } from "../terminal/file-stats.ts";
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
  /** Lines of an unknown format, without a time, or too long; and the first of them, safe for a terminal. */
  readonly unread: number;
  readonly sample: string | undefined;
  /** Sentences about files that are damaged. */
  readonly troubles: readonly string[];
  /** Formats that were found by content. */
  readonly formats: readonly string[];
  /** Lines whose X-Forwarded-For may have been cut, and so proves nothing. */
  readonly cut: number;
}

/** Columns of the table `events`, from the fields of the Elastic Common Schema that `formatEcs` writes. */
const COLUMNS: Readonly<Record<string, string>> = {
  second: `epoch("@timestamp")::BIGINT`,
  action: "event.action",
  reason: "event.reason",
  // The client, or the connected peer where no client is proven.
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
  method: "http.request.method",
  status: "http.response.status_code",
  bytes: "http.response.body.bytes",
};

export type EventColumn = keyof typeof COLUMNS;

/** Types of the columns in the engine. */
export const EVENT_TYPES: Readonly<Record<EventColumn, string>> = {
  ...Object.fromEntries(Object.keys(COLUMNS).map((name) => [name, "VARCHAR"])),
  second: "BIGINT",
  proven: "BOOLEAN",
  asn: "BIGINT",
  status: "INTEGER",
  bytes: "BIGINT",
};

/** `source.ip` is there for proven clients alone; under a hash, where it never is, the key of an unproven client is the peer's or "unknown". */
function PROVEN(): string {
  return `source.ip IS NOT NULL OR (wherefrom."key" IS NOT NULL AND wherefrom."key" <> 'unknown' AND wherefrom."key" NOT LIKE 'peer %')`;
}

const TYPES = `{
  "@timestamp": 'TIMESTAMP',
  event: 'STRUCT(action VARCHAR, reason VARCHAR)',
  source: 'STRUCT(address VARCHAR, ip VARCHAR, geo STRUCT(continent_code VARCHAR, country_iso_code VARCHAR, region_iso_code VARCHAR, region_name VARCHAR, city_name VARCHAR), "as" STRUCT(number BIGINT, organization STRUCT(name VARCHAR)))',
  http: 'STRUCT(request STRUCT(method VARCHAR), response STRUCT(status_code INTEGER, body STRUCT(bytes BIGINT)))',
  url: 'STRUCT(path VARCHAR)',
  user_agent: 'STRUCT(original VARCHAR)',
  wherefrom: 'STRUCT("key" VARCHAR)'
}`;

/** Why the first of `files` that cannot be read cannot be, as a sentence. */
export function unreadableFile(files: readonly string[]): string | undefined {
  for (const file of files) {
    if (file === "-") continue;
    try {
      accessSync(file, constants.R_OK);
      if (fileStats(file).isDirectory()) return `"${file}" is a directory: name its files, such as ${file}/*.jsonl`;
    } catch (error) {
      return `"${file}" cannot be read: ${(error as Error).message}`;
    }
  }
  return undefined;
}

/** Adds the events of a file of our own, plain JSON Lines, to the table `events`; answers how many of its lines are none. Rejects where a line is longer than the engine takes. */
export async function insertEvents(
  engine: Engine,
  file: string,
  columns: readonly EventColumn[],
  { from = -Infinity, to = Infinity }: Partial<Period>,
): Promise<number> {
  const chosen = columns.map((name) => `${COLUMNS[name]} AS ${name}`).join(", ");
  const isWithin = [
    ...(Number.isFinite(from) ? [`second >= ${from}`] : []),
    ...(Number.isFinite(to) ? [`second < ${to}`] : []),
  ];
  // Lines without a time are counted below, whatever the period.
  const condition = isWithin.length === 0 ? "" : ` WHERE second IS NULL OR (${isWithin.join(" AND ")})`;
  await engine.run(
    `INSERT INTO events SELECT * FROM (SELECT ${chosen} FROM read_json([${sqlText(file)}], format = 'newline_delimited', compression = 'uncompressed', ignore_errors = true, columns = ${TYPES}))${condition}`,
  );
  const [counted] = await engine.rows(
    "SELECT count(*)::DOUBLE AS unread FROM events WHERE second IS NULL OR action IS NULL",
  );
  return Number(counted?.["unread"]);
}
