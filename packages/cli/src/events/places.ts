import type { OptionTable } from "../terminal/option.ts";
import type { Engine, Row } from "./engine.ts";
import type { EventColumn } from "./event-files.ts";

const PLACE_COLUMNS = ["continent", "country", "region", "city", "asn", "organization"] as const;

/** MMDB files in which clients are looked up now, whatever was written with the event. */
export const GEO_OPTIONS: OptionTable = {
  city: {
    type: "string",
    value: "FILE",
    description: "MMDB of cities, for the locations of clients (requires npm install maxmind)",
  },
  country: { type: "string", value: "FILE", description: "MMDB of countries, for countries only" },
  asn: { type: "string", value: "FILE", description: "MMDB of autonomous systems (ASN), in addition" },
};

/**
 * Puts into the table `events` where its proven clients are, as these databases say; what they do not know stays as it was written. Each address is looked up once.
 * `values` may have those of `GEO_OPTIONS`: without any nothing is done. Answers the databases, each with the day on which it was built. Rejects with
 * ERR_WHEREFROM_INVALID_GEO_DATABASE where one is missing or damaged.
 */
export async function locateEvents(
  engine: Engine,
  values: Readonly<Record<string, string>>,
  columns: readonly EventColumn[],
): Promise<readonly string[]> {
  const files = { city: values["city"], country: values["country"], asn: values["asn"] };
  if (Object.values(files).every((path) => path === undefined)) return [];
  const { openGeo } = await import("@wherefrom/audit/geo");
  const geo = await openGeo({ ...files, pollMs: 0 });
  const types = PLACE_COLUMNS.map((name) => `${name} ${name === "asn" ? "BIGINT" : "VARCHAR"}`);
  await engine.run(`CREATE TABLE places (address VARCHAR, ${types.join(", ")})`);
  const locate = ({ address }: Row): readonly (string | bigint | undefined)[] | undefined => {
    const place = geo.locate(String(address));
    if (place === undefined) return undefined;
    const { continent, country, region = place.regionName, city, asn, organization } = place;
    return [
      String(address),
      continent,
      country,
      region,
      city,
      asn === undefined ? undefined : BigInt(asn),
      organization,
    ];
  };
  await engine.fill("places", "SELECT DISTINCT source AS address FROM events WHERE proven", locate);
  const located = PLACE_COLUMNS.filter((name) => columns.includes(name));
  const replaced = located.map((name) => `coalesce(places.${name}, events.${name}) AS ${name}`);
  await engine.run(
    `CREATE TABLE located AS SELECT events.* REPLACE (${replaced.join(", ")}) FROM events LEFT JOIN places ON CASE WHEN events.proven THEN events.source END = places.address`,
  );
  await engine.run("DROP TABLE events");
  await engine.run("ALTER TABLE located RENAME TO events");
  return geo.databases.map(({ name, build }) => `"${name}", built ${build}`);
}
