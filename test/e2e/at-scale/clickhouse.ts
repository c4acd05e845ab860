import { clickHouse } from "@wherefrom/audit";
import { startClickHouse } from "../clickhouse-server.ts";
import { numbered, read, type Row, type Store } from "./queries.ts";
import { writeTraffic } from "./traffic.ts";

/**
 * Five of the six queries as they stand. ClickHouse 18.16 does not understand surges.sql: its WITH names no query, and it has no date_trunc. There the query stands in
 * the place of its name, and `toStartOfMinute` is the same for a minute.
 */
function olderSql(sql: string): string {
  const [, name = "", query = "", rest = ""] = /WITH (\w+) AS (\([\s\S]+?\n\))([\s\S]+)/.exec(sql) ?? [];
  const whole = name === "" ? sql : rest.replaceAll(`FROM ${name}`, `FROM ${query}`);
  return whole.replaceAll(/date_trunc\('minute', (\w+)\)/g, "toStartOfMinute($1)");
}

/** Rows that the sink has inserted into a real table, by ClickHouse's client. */
export async function openClickHouse(): Promise<Store> {
  const { client, stop } = await startClickHouse();
  const sink = clickHouse(client);
  await writeTraffic(sink);
  if (sink.status.lost > 0) throw new Error(`ClickHouse did not take ${sink.status.lost} rows: ${sink.status.trouble}`);
  return {
    query: async (file) => {
      const answer = await client.query({ query: olderSql(read(`queries/${file}`)), format: "JSONEachRow" });
      return numbered(await answer.json<Row>());
    },
    close: stop,
  };
}
