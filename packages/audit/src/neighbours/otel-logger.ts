import { checkOptions, checkValue, having, type Shapes } from "@wherefrom/core/internal";
import { AUDIT_EVENT_NAMES, subscribe } from "../event/event.ts";
import { recordOf } from "../event/record.ts";
import { EVENTS, LOCATE, PRIVACY } from "../event/shapes.ts";
import type { AuditToOptions } from "../sinks/audit-to.ts";
import { formatOtel, type OtelAttributes } from "../formats/otel.ts";
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

const LOGGER = having("a Logger of @opentelemetry/api-logs", "emit");
const SHAPES: Shapes<Omit<AuditToOptions, "format">> = { events: EVENTS, privacy: PRIVACY, locate: LOCATE };

/**
 * From now on every event is a log record of this logger, with the event's name as its EventName; the answer ends it. What waits and what is lost is the SDK's affair
 * then: its batches drop the newest, and say so nowhere but in their own metrics.
 */
export function auditToLogger(logger: OtelLogger, options: Omit<AuditToOptions, "format"> = {}): () => void {
  checkValue("auditToLogger: the logger", logger, LOGGER);
  checkOptions<Omit<AuditToOptions, "format">>("auditToLogger", options, SHAPES);
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
