import { callback, checkOptions, checkValue, type Shapes } from "@wherefrom/core/internal";
import { type AuditEventName, AUDIT_EVENT_NAMES, subscribe } from "../event/event.ts";
import { type AuditRecord, recordOf } from "../event/record.ts";
import { EVENTS, LOCATE, PRIVACY, SINK } from "../event/shapes.ts";
import type { Locate } from "../event/place.ts";
import type { Privacy } from "../event/privacy.ts";
import { laneOf } from "./lane.ts";
import type { Sink } from "./sink.ts";

/** Which events become lines, and of what form. */
export interface AuditToOptions {
  /** Default: all. */
  readonly events?: readonly AuditEventName[] | undefined;
  /** Default "full". */
  readonly privacy?: Privacy | undefined;
  /** Where clients are, such as `geo.locate` of `@wherefrom/audit/geo`. Default: no place is written. */
  readonly locate?: Locate | undefined;
  /** Makes one line of a record; an empty one is left out. Default: the sink's own. */
  readonly format?: ((record: AuditRecord) => string) | undefined;
}

const SHAPES: Shapes<AuditToOptions> = { events: EVENTS, privacy: PRIVACY, locate: LOCATE, format: callback };

/**
 * From now on every event becomes a line of `sink`; the answer ends that, and leaves the sink open. What `format`, `locate` or a `privacy` function throws costs that line,
 * and no request.
 */
export function auditTo(sink: Sink, options: AuditToOptions = {}): () => void {
  checkValue("auditTo: the sink", sink, SINK);
  checkOptions<AuditToOptions>("auditTo", options, SHAPES);
  const { events = AUDIT_EVENT_NAMES, privacy = "full", locate, format = sink.format } = options;
  return subscribe(events, (event) => {
    try {
      const line = format(recordOf(event, privacy, locate));
      if (line !== "") sink.write(line, laneOf(event.name));
    } catch (error) {
      sink.lose(error instanceof Error ? error : new Error(String(error)));
    }
  });
}
