import type { Engine } from "../events/engine.ts";
import type { EventColumn } from "../events/event-files.ts";
import { MACHINE_MACROS } from "../events/machine.ts";
import { continentSql } from "./continents.ts";

export const REGION_KINDS = ["continent", "country", "region", "city", "asn", "hour", "day"] as const;
export type RegionKind = (typeof REGION_KINDS)[number];

/** What came from one region, or in one hour or day, or both where two are crossed. */
export interface Region {
  /** A code or a name as the events have it, with its country's before a region's or city's; undefined for requests without a location. Two crossed kinds have " / " between them. */
  readonly name: string | undefined;
  readonly requests: number;
  /** Of answers; a response without a content-length counts as none. */
  readonly bytes: number;
  /** Distinct proven clients, counted exactly. An IPv4 address or a /64 of IPv6 counts as one client: a household has one /64, and a new privacy address in it every day. */
  readonly clients: number;
  /** Requests whose client was proven. */
  readonly proven: number;
  /** Of the clients: those in networks of the list; absent where there is no list. */
  readonly hosted?: number;
}

export const REGION_COLUMNS: readonly EventColumn[] = [
  "second",
  "action",
  "source",
  "proven",
  "continent",
  "country",
  "region",
  "city",
  "asn",
  "organization",
  "bytes",
];

/** Name of what was merged because it has too few clients. */
const SMALL_REGIONS = "(small)";

const NAMES: Readonly<Record<RegionKind, string>> = {
  continent: `coalesce(continent, ${continentSql("country")})`,
  country: "country",
  region: "CASE WHEN region LIKE '__-%' THEN region ELSE country || ' ' || region END",
  city: "country || ' ' || city",
  asn: "CASE WHEN asn IS NOT NULL THEN concat_ws(' ', 'AS' || asn::VARCHAR, organization) END",
  hour: "strftime(to_timestamp(second - second % 3600) AT TIME ZONE 'UTC', '%Y-%m-%dT%H:00Z')",
  day: "strftime(to_timestamp(second) AT TIME ZONE 'UTC', '%Y-%m-%d')",
};

export interface RegionOptions {
  /** One, or two that are crossed. */
  readonly kinds: readonly RegionKind[];
  /** Regions with fewer clients become one. */
  readonly minClients: number;
  /** Whether the table `hosted` is there. */
  readonly isHosted: boolean;
}

/** Requests, bytes and clients by region, over the table `events`: the busiest first, or by time; the unknown last. */
export async function readRegions(
  engine: Engine,
  { kinds, minClients, isHosted }: RegionOptions,
): Promise<readonly Region[]> {
  for (const macro of MACHINE_MACROS) await engine.run(macro);
  const [only, other] = kinds.map((kind) => NAMES[kind]) as [string, string?];
  const name =
    other === undefined
      ? only
      : `CASE WHEN (${only}) IS NOT NULL OR (${other}) IS NOT NULL THEN coalesce(${only}, 'unknown') || ' / ' || coalesce(${other}, 'unknown') END`;
  const counts = (isProven: string): string => `count(*)::DOUBLE AS requests, coalesce(sum(bytes), 0)::DOUBLE AS bytes,
      (count(DISTINCT machine) FILTER (${isProven}))::DOUBLE AS clients, (count(*) FILTER (${isProven}))::DOUBLE AS proven,
      (count(DISTINCT machine) FILTER (${isProven} AND is_hosted))::DOUBLE AS hosted`;
  await engine.run(`CREATE OR REPLACE TEMP VIEW visits AS SELECT ${name} AS name, events.source, events.proven, bytes, coalesce(narrow(events.source), events.source) AS machine,
    ${isHosted ? "hosted.address IS NOT NULL" : "false"} AS is_hosted
    FROM events ${isHosted ? "LEFT JOIN hosted ON events.proven AND events.source = hosted.address" : ""} WHERE action = 'client.resolved'`);
  await mergeSmall(engine, minClients);
  const isInTime = kinds[0] === "hour" || kinds[0] === "day";
  const rows = await engine.rows(`
    SELECT CASE WHEN small.name IS NOT NULL THEN '${SMALL_REGIONS}' ELSE visits.name END AS title, ${counts("proven")}
    FROM visits LEFT JOIN small ON visits.name = small.name GROUP BY 1 ORDER BY title IS NULL, title = '${SMALL_REGIONS}', ${isInTime ? "title" : "requests DESC, title"}`);
  return rows.map(({ title, requests, bytes, clients, proven, hosted }) => ({
    name: typeof title === "string" ? title : undefined,
    requests: requests as number,
    bytes: bytes as number,
    clients: clients as number,
    proven: proven as number,
    ...(isHosted ? { hosted: hosted as number } : {}),
  }));
}

/** The table `small`: names with fewer clients than `minClients`, and the next larger one where all of these together have fewer still. */
async function mergeSmall(engine: Engine, minClients: number): Promise<void> {
  const clients = "count(DISTINCT machine) FILTER (proven)";
  await engine.run(
    `CREATE OR REPLACE TABLE small AS SELECT name FROM visits WHERE name IS NOT NULL GROUP BY 1 HAVING ${clients} < ${minClients}`,
  );
  const [together = {}] = await engine.rows(
    `SELECT count(*)::DOUBLE AS visits, (${clients})::DOUBLE AS clients FROM visits WHERE name IN (SELECT name FROM small)`,
  );
  if (together["visits"] === 0 || (together["clients"] as number) >= minClients) return;
  await engine.run(
    `INSERT INTO small SELECT name FROM visits WHERE name IS NOT NULL AND name NOT IN (SELECT name FROM small) GROUP BY 1 ORDER BY ${clients}, name LIMIT 1`,
  );
}
