import { type AuditEventName, AUDIT_EVENT_NAMES, subscribe } from "./audit-event.ts";
import { type AuditRecord, recordOf } from "./audit-record.ts";
import type { Locate } from "./place.ts";
import type { Privacy } from "./privacy.ts";
import type { Sink } from "./sinks/sink.ts";

export interface AuditToOptions {
  /** Default: all. */
  readonly events?: readonly AuditEventName[] | undefined;
  /** Default "full". */
  readonly privacy?: Privacy | undefined;
  /** Where clients are, such as `geo.locate` of `@wherefrom/audit/geo`. Default: nobody says. */
  readonly locate?: Locate | undefined;
  /** Makes one line of a record. Default: the sink's own. */
  readonly format?: ((record: AuditRecord) => string) | undefined;
}

/**
 * From now on every event becomes a line of `sink`; the answer ends that, and leaves the sink open. What `format`, `locate` or a `privacy` function throws costs that line,
 * and no request.
 */
export function auditTo(sink: Sink, options: AuditToOptions = {}): () => void {
  const { events = AUDIT_EVENT_NAMES, privacy = "full", locate, format = sink.format } = options;
  return subscribe(events, (event) => {
    try {
      sink.write(format(recordOf(event, privacy, locate)));
    } catch (error) {
      sink.lose(error instanceof Error ? error : new Error(String(error)));
    }
  });
}
