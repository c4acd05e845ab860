import { AUDIT_EVENT_NAMES, subscribe } from "../audit-event.ts";
import { recordOf } from "../audit-record.ts";
import type { AuditToOptions } from "../audit-to.ts";
import { formatOtel, type OtelAttributes } from "../otel.ts";
import { severityOfLog } from "../sinks/otlp-logs.ts";

/** What is used of a Logger of @opentelemetry/api-logs. */
export interface OtelLogger {
  emit(record: {
    eventName: string;
    timestamp: Date;
    severityNumber: number;
    severityText: string;
    attributes: Record<string, string | number | boolean | string[]>;
  }): void;
}

/**
 * From now on every event is a log record of this logger, with the event's name as its EventName; the answer ends it. What waits and what is lost is the SDK's affair
 * then: its batches drop the newest, and say so nowhere but in their own metrics.
 */
export function auditToLogger(logger: OtelLogger, options: Omit<AuditToOptions, "format"> = {}): () => void {
  const { events = AUDIT_EVENT_NAMES, privacy, locate } = options;
  return subscribe(events, (event) => {
    const record = recordOf(event, privacy, locate);
    const { number, text } = severityOfLog(record);
    logger.emit({
      eventName: record.name,
      timestamp: record.time,
      severityNumber: number,
      severityText: text,
      attributes: formatOtel(record) as Record<string, OtelAttributes[string] & (string | number | boolean | string[])>,
    });
  });
}
