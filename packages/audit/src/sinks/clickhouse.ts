import { checkOptions, checkValue, having, type Shapes, text, jsonLine } from "@wherefrom/core/internal";
import type { AuditRecord } from "../event/record.ts";
import { formatEcsLine } from "../formats/ecs.ts";
import type { Outlet } from "./outlet.ts";
import { Sink } from "./sink.ts";
import { SINK_SHAPES, type SinkOptions } from "./sink-options.ts";

/** A client of @clickhouse/client, or any object that inserts so. */
export interface ClickHouseClient {
  insert(parameters: {
    table: string;
    values: unknown[];
    format: "JSONEachRow";
    abort_signal?: AbortSignal;
  }): Promise<unknown>;
}

/** The table, and the options of every sink. */
export interface ClickHouseOptions extends SinkOptions {
  /** Default "wherefrom_audit"; docs/reference/audit.md has the statement that makes it. */
  readonly table?: string | undefined;
}

const CLIENT = having("a client of @clickhouse/client", "insert");
const SHAPES: Shapes<ClickHouseOptions> = { ...SINK_SHAPES, table: text };

/** Each event as a row: what is asked for in columns, all of it as ECS in `record`. The client is yours, and closed by you after the sink. */
export function clickHouse(client: ClickHouseClient, options: ClickHouseOptions = {}): Sink {
  checkValue("clickHouse: the client", client, CLIENT);
  checkOptions<ClickHouseOptions>("clickHouse", options, SHAPES);
  const { table = "wherefrom_audit", ...rest } = options;
  const outlet: Outlet = {
    deliver: async ({ lines }, signal) => {
      const values = lines.map((line) => JSON.parse(line) as object);
      await client.insert({ table, values, format: "JSONEachRow", abort_signal: signal });
      return undefined;
    },
  };
  return new Sink(`the ClickHouse table ${table}`, () => outlet, { ...rest, format: rest.format ?? formatRow });
}

/** The record as a row of that table in JSON. What is not known is left out, and becomes the column's default. */
function formatRow(record: AuditRecord): string {
  const { client, peer, request, user, place } = record;
  return jsonLine({
    // As DateTime64 is read by default, in UTC.
    time: record.time.toISOString().replace("T", " ").replace("Z", ""),
    event: record.name,
    outcome: record.outcome,
    reason: record.reason,
    transport: record.transport,
    client: client?.address,
    client_port: client?.port,
    peer: peer?.address,
    peer_port: peer?.port,
    method: record.method,
    stop: record.stop,
    key: record.key,
    country: place?.country,
    asn: place?.asn,
    http_method: request?.method,
    path: request?.path,
    status: request?.status,
    bytes: request?.bytes,
    user_agent: request?.userAgent,
    user_id: user?.id,
    record: formatEcsLine(record),
  });
}
