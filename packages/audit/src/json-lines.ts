import { closeSync, mkdirSync, openSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { createStream } from "rotating-file-stream";
import { type AuditEventName, AUDIT_EVENT_NAMES, subscribe } from "./audit-event.ts";
import { type AuditRecord, recordOf } from "./audit-record.ts";
import { formatEcsLine } from "./ecs.ts";
import { LineSink, type LineSinkOptions } from "./line-sink.ts";
import type { Locate } from "./place.ts";
import type { Privacy } from "./privacy.ts";

/** Size at which a file is put aside, as rotating-file-stream writes it: what an editor still opens at once. */
const ROTATE_SIZE = "64M";
/** Files that are kept beside the current one. */
const KEPT_FILES = 5;

export interface JsonLinesOptions extends LineSinkOptions {
  /** A number of bytes with B, K, M or G behind it. Default "64M". */
  readonly rotateSize?: `${number}${"B" | "K" | "M" | "G"}` | undefined;
  /** Default 5. */
  readonly keptFiles?: number | undefined;
}

/**
 * Lines in a file of which only its owner reads, which becomes `path.1` when it has its size, that `path.2`, and so on. Its directory is made. Throws where it cannot be
 * written now.
 */
export function jsonLines(path: string, options: JsonLinesOptions = {}): LineSink {
  const { rotateSize = ROTATE_SIZE, keptFiles = KEPT_FILES, ...rest } = options;
  const directory = dirname(path);
  const name = basename(path);
  const open = (): ReturnType<typeof createStream> => {
    mkdirSync(directory, { recursive: true });
    // What the stream would find out only later.
    closeSync(openSync(join(directory, name), "a", 0o600));
    const nameOf = (index: number | Date | null): string => (typeof index === "number" ? `${name}.${index}` : name);
    return createStream(nameOf, { path: directory, size: rotateSize, rotate: keptFiles, mode: 0o600 });
  };
  return new LineSink(path, open, rest);
}

export interface AuditToOptions {
  /** Default: all. */
  readonly events?: readonly AuditEventName[] | undefined;
  /** Default "full". */
  readonly privacy?: Privacy | undefined;
  /** Where clients are, such as `geo.locate` of `@wherefrom/audit/geo`. Default: nobody says. */
  readonly locate?: Locate | undefined;
  /** Makes one line of a record. Default `formatEcsLine`. */
  readonly format?: ((record: AuditRecord) => string) | undefined;
}

/** From now on every event becomes a line of `sink`; the answer ends that, and leaves the sink open. */
export function auditTo(sink: LineSink, options: AuditToOptions = {}): () => void {
  const { events = AUDIT_EVENT_NAMES, privacy = "full", locate, format = formatEcsLine } = options;
  return subscribe(events, (event) => sink.write(format(recordOf(event, privacy, locate))));
}
