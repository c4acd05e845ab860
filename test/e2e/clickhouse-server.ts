import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ClickHouseClient, ClickHouseLogLevel, createClient } from "@clickhouse/client";
import { startDaemon } from "./daemon.ts";
import { freePort } from "./free-port.ts";

const TABLE = join(import.meta.dirname, "..", "..", "examples", "at-scale", "clickhouse.sql");

/** Debian's ClickHouse, which is 18.16, with the table of examples/at-scale, as far as it can have that. */
export interface ClickHouse {
  readonly client: ClickHouseClient;
  readonly stop: () => Promise<void>;
}

/** What of clickhouse.sql this server does not understand, and what it has instead. */
const SUBSTITUTIONS: readonly (readonly [of: RegExp, by: string])[] = [
  // It has none: time is in whole seconds.
  [/DateTime64\(3, 'UTC'\)/, "DateTime('UTC')"],
  // No column has one of its own.
  [/ CODEC\(.+\)(?=,?\n)/g, ""],
  // Nothing is removed.
  [/\n-- .*\nTTL .+;/, ";"],
];

/** What is on by default in a server of today, or goes with a substitution. */
const SETTINGS: Record<string, string | number> = {
  // LowCardinality is an experiment there.
  allow_experimental_low_cardinality_type: 1,
  // DateTime by itself refuses the milliseconds that DateTime64 has. This drops them.
  date_time_input_format: "best_effort",
};

const configOf = (directory: string, port: number, zone: string): string => `<yandex>
  <logger><level>warning</level><console>1</console></logger>
  <listen_host>127.0.0.1</listen_host><http_port>${port}</http_port>
  <path>${directory}/data/</path><tmp_path>${directory}/tmp/</tmp_path><users_config>${directory}/users.xml</users_config>
  <default_profile>default</default_profile><default_database>default</default_database>
  <mark_cache_size>16777216</mark_cache_size><timezone>${zone}</timezone>
</yandex>`;

const USERS = `<yandex><profiles><default/></profiles><quotas><default/></quotas><users><default>
  <password/><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota>
</default></users></yandex>`;

/** A server of the suite's own, on 127.0.0.1 over HTTP alone. What is inserted is in the column's zone; times in a query are in the server's, to this version. */
export async function startClickHouse(zone = "UTC"): Promise<ClickHouse> {
  const port = await freePort("127.0.0.1");
  const daemon = await startDaemon({
    name: "clickhouse",
    prepare: (directory) => {
      for (const name of ["data", "tmp"]) mkdirSync(join(directory, name));
      writeFileSync(join(directory, "config.xml"), configOf(directory, port, zone));
      writeFileSync(join(directory, "users.xml"), USERS);
      return ["clickhouse-server", `--config-file=${join(directory, "config.xml")}`];
    },
    listens: [{ host: "127.0.0.1", port }],
  });
  // What it refuses is an error anyway.
  const log = { level: ClickHouseLogLevel.OFF };
  const client = createClient({ url: `http://127.0.0.1:${port}`, clickhouse_settings: SETTINGS, log });
  const table = SUBSTITUTIONS.reduce((sql, [of, by]) => sql.replace(of, by), readFileSync(TABLE, "utf8"));
  await client.command({ query: table });
  const stop = async (): Promise<void> => {
    await client.close();
    await daemon.stop();
  };
  return { client, stop };
}
