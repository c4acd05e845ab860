import {
  anyText,
  checkOptions,
  either,
  flag,
  invalidOption,
  listOf,
  type Shape,
  type Shapes,
  tableOf,
  text,
  jsonLine,
} from "@wherefrom/core/internal";
import type { AuditRecord } from "../event/record.ts";
import { severityOf } from "../formats/cef.ts";
import { formatOtel, type OtelAttributes } from "../formats/otel.ts";
import type { LineBatch } from "./line-queue.ts";
import type { Refused } from "./outlet.ts";
import { Sink } from "./sink.ts";
import { SINK_SHAPES, type SinkOptions } from "./sink-options.ts";

/** Where a Collector listens on the same machine (OTLP/HTTP). */
const URL_DEFAULT = "http://localhost:4318/v1/logs";
/** OTLP 1.x, "Failures": the statuses after which the same request may be made again. Every other one would be answered the same. */
const RETRYABLE: readonly number[] = [429, 502, 503, 504];
/** Most that is quoted of what a server says is wrong, in characters. */
const QUOTE_LIMIT = 200;

/** Where the collector is, and the options of every sink. */
export interface OtlpLogsOptions extends SinkOptions {
  /** Default "http://localhost:4318/v1/logs". */
  readonly url?: string | URL | undefined;
  /** Such as `authorization`. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Attributes of the service; `service.name` above all. */
  readonly resource?: OtelAttributes | undefined;
}

const FINITE: Shape = { expected: "a number", fits: Number.isFinite };
const SHAPES: Shapes<OtlpLogsOptions> = {
  ...SINK_SHAPES,
  url: either(text, { expected: "a URL", fits: (value) => value instanceof URL }),
  headers: tableOf(anyText),
  resource: tableOf(either(anyText, FINITE, flag, listOf(anyText))),
};

/** Without the text in the message: it may hold a token. */
function targetOf(url: string | URL): URL {
  const target = URL.canParse(String(url)) ? new URL(url) : undefined;
  if (target?.protocol !== "http:" && target?.protocol !== "https:")
    throw invalidOption(`otlpLogs url is an absolute URL of http or https, such as "${URL_DEFAULT}", not another text`);
  if (target.username !== "" || target.password !== "")
    throw invalidOption(
      "otlpLogs url has a user or a password in it, which fetch refuses: write headers: { authorization }",
    );
  return target;
}

/** What fetch would refuse at the first delivery, with the value in its message. */
function requireSendable(headers: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(headers)) {
    try {
      new Headers([[name, value]]);
    } catch {
      throw invalidOption(
        `otlpLogs headers has ${JSON.stringify(name)}, of which the name or the value cannot be sent`,
      );
    }
  }
}

/**
 * Each event as a log record whose EventName is the event's, to a Collector or whatever else takes OTLP/HTTP in JSON. Where the service has OpenTelemetry's SDK set up,
 * `auditToLogger` hands events to it instead.
 */
export function otlpLogs(options: OtlpLogsOptions = {}): Sink {
  checkOptions<OtlpLogsOptions>("otlpLogs", options, SHAPES);
  const { url = URL_DEFAULT, headers = {}, resource = { "service.name": "unknown_service:node" }, ...rest } = options;
  const target = targetOf(url);
  requireSendable(headers);
  const before = `{"resourceLogs":[{"resource":{"attributes":${JSON.stringify(attributesOf(resource))}},"scopeLogs":[{"scope":{"name":"@wherefrom/audit"},"logRecords":[`;
  const deliver = async ({ lines }: LineBatch, signal: AbortSignal): Promise<Refused | undefined> => {
    const response = await fetch(target, {
      method: "POST",
      headers: { ...headers, "content-type": "application/json" },
      body: `${before}${lines.join(",")}]}]}]}`,
      signal,
    });
    const text = await response.text();
    if (response.ok) return refusedOf(text);
    const reason =
      `${target.origin}${target.pathname} answered ${response.status} ${text.slice(0, QUOTE_LIMIT)}`.trimEnd();
    if (RETRYABLE.includes(response.status)) throw new Error(reason);
    return { lines: lines.length, reason };
  };
  return new Sink(`OTLP at ${target.host}`, () => ({ deliver }), { ...rest, format: rest.format ?? formatOtlpLog });
}

/** The record as an OTLP LogRecord in JSON. */
function formatOtlpLog(record: AuditRecord): string {
  const nanoseconds = `${record.time.getTime()}000000`;
  const { number, text } = severityOfLog(record);
  return jsonLine({
    timeUnixNano: nanoseconds,
    observedTimeUnixNano: nanoseconds,
    severityNumber: number,
    severityText: text,
    eventName: record.name,
    attributes: attributesOf(formatOtel(record)),
  });
}

/** OpenTelemetry's SeverityNumber: INFO or WARN. */
export function severityOfLog({ name }: AuditRecord): { readonly number: 9 | 13; readonly text: "INFO" | "WARN" } {
  return severityOf(name) >= 5 ? { number: 13, text: "WARN" } : { number: 9, text: "INFO" };
}

function attributesOf(attributes: OtelAttributes): readonly object[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: valueOf(value) }));
}

/** The AnyValue of OTLP's JSON: whole numbers are texts, because JSON's numbers are not 64 bits long. */
function valueOf(value: OtelAttributes[string]): object {
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "boolean") return { boolValue: value };
  if (typeof value === "number")
    return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value };
  return { arrayValue: { values: value.map((each) => ({ stringValue: each })) } };
}

/** What a server that took the request says that it did not take of it. */
function refusedOf(text: string): Refused | undefined {
  let answer: { partialSuccess?: { rejectedLogRecords?: number | string; errorMessage?: string } } | null;
  try {
    answer = JSON.parse(text) as typeof answer;
  } catch {
    return undefined;
  }
  const lines = Number(answer?.partialSuccess?.rejectedLogRecords ?? 0);
  if (!(lines > 0)) return undefined;
  return { lines, reason: (answer?.partialSuccess?.errorMessage ?? "no reason given").slice(0, QUOTE_LIMIT) };
}
