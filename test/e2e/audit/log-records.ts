import { expect } from "vitest";
import { VISIT_EVENTS } from "./expectation.ts";
import type { Received } from "./receiver.ts";

interface LogRecord {
  readonly timeUnixNano: string;
  readonly severityNumber: number;
  readonly eventName: string;
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[];
}

/** What OTLP/HTTP sends to /v1/logs, as far as it is looked at. */
export interface LogsRequest {
  readonly resourceLogs: readonly {
    readonly resource: { readonly attributes: readonly object[] };
    readonly scopeLogs: readonly {
      readonly scope: { readonly name: string };
      readonly logRecords: readonly LogRecord[];
    }[];
  }[];
}

export const recordsOf = (received: readonly Received[]): readonly LogRecord[] =>
  received.flatMap(({ body }) =>
    (JSON.parse(body) as LogsRequest).resourceLogs.flatMap(({ scopeLogs }) =>
      scopeLogs.flatMap(({ logRecords }) => logRecords),
    ),
  );

/** Names and reasons, and the attributes of the client of a connection with a PROXY header. */
export function expectLogRecords(records: readonly LogRecord[]): void {
  const read = ({ attributes }: LogRecord, key: string): unknown =>
    Object.values(attributes.find((attribute) => attribute.key === key)?.value ?? {})[0];
  const told = records.map((record) => [record.eventName, read(record, "wherefrom.reason")].filter(Boolean).join(" "));
  expect(told.toSorted()).toEqual(VISIT_EVENTS.toSorted());
  const clients = records.filter(({ eventName }) => eventName === "client.resolved");
  expect(clients.map((record) => read(record, "client.address"))).toContain("203.0.113.8");
  const proxied = clients.find((record) => read(record, "wherefrom.method") === "proxy-protocol");
  expect(Number(proxied === undefined ? undefined : read(proxied, "client.port"))).toBe(50000);
  expect(proxied === undefined ? undefined : read(proxied, "network.peer.address")).toBe("127.0.0.1");
}
