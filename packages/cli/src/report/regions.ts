import type { Engine } from "../events/engine.ts";
import type { EventColumn } from "../events/event-files.ts";

export const REGION_KINDS = ["continent", "country", "region", "city"] as const;
export type RegionKind = (typeof REGION_KINDS)[number];

/** What came from one region. */
export interface Region {
  /** A code or a name as the events have it, with its country's before a region's or city's; undefined for requests whose place nobody knew. */
  readonly name: string | undefined;
  readonly requests: number;
  /** Of answers; a response without a content-length counts as none. */
  readonly bytes: number;
  /** Distinct proven clients, counted exactly. One address is one client, whoever is behind it. */
  readonly clients: number;
  /** Requests whose client was proven. */
  readonly proven: number;
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
  "bytes",
];

const NAMES: Readonly<Record<RegionKind, string>> = {
  continent: "continent",
  country: "country",
  region: "CASE WHEN region LIKE '__-%' THEN region ELSE country || ' ' || region END",
  city: "country || ' ' || city",
};

/** Requests, bytes and clients by region, over the table `events`: the busiest first, the unknown last. */
export async function readRegions(engine: Engine, kind: RegionKind): Promise<readonly Region[]> {
  const rows = await engine.rows(`
    SELECT ${NAMES[kind]} AS name, count(*)::DOUBLE AS requests, coalesce(sum(bytes), 0)::DOUBLE AS bytes,
      (count(DISTINCT source) FILTER (proven))::DOUBLE AS clients, (count(*) FILTER (proven))::DOUBLE AS proven
    FROM events WHERE action = 'client.resolved' GROUP BY 1 ORDER BY name IS NULL, requests DESC, name`);
  return rows.map(({ name, requests, bytes, clients, proven }) => ({
    name: typeof name === "string" ? name : undefined,
    requests: requests as number,
    bytes: bytes as number,
    clients: clients as number,
    proven: proven as number,
  }));
}
