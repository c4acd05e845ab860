import type { AuditRecord } from "../audit-record.ts";
import { formatEcsLine } from "../ecs-line.ts";
import { jsonLine } from "../line-text.ts";
import { type Outlet, Sink, type SinkOptions } from "./sink.ts";

/** A client of @clickhouse/client, or any object that inserts so. */
export interface ClickHouseClient {
  insert(parameters: {
    table: string;
    values: unknown[];
    format: "JSONEachRow";
    abort_signal?: AbortSignal;
  }): Promise<unknown>;
}

export interface ClickHouseOptions extends SinkOptions {
  /** Default "wherefrom_audit"; docs/audit.md has the statement that makes it. */
  readonly table?: string | undefined;
}

/** Each event as a row: what is asked for in columns, all of it as ECS in `record`. The client is yours, and closed by you after the sink. */
export function clickHouse(client: ClickHouseClient, options: ClickHouseOptions = {}): Sink {
  const { table = "wherefrom_audit", ...rest } = options;
  const outlet: Outlet = {
    deliver: async ({ lines }, signal) => {
      const values = lines.map((line) => JSON.parse(line) as object);
      await client.insert({ table, values, format: "JSONEachRow", abort_signal: signal });
      return undefined;
    },
  };
  return new Sink(`the ClickHouse table ${table}`, () => outlet, { format: formatRow, ...rest });
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
