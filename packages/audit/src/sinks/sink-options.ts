import { callback, milliseconds, type Shapes, whole } from "@wherefrom/core/internal";
import type { AuditRecord } from "../event/record.ts";

/** Most bytes that wait for a sink. What comes then pushes out the oldest: a request must never wait for its audit, nor the process grow. */
export const QUEUE_LIMIT_BYTES: number = 16 * 1024 * 1024;
/** How long a line may wait for others, in milliseconds, so that one call takes them all. */
export const LINGER_MS = 50;
/** How long a sink that failed is left alone, in milliseconds. */
export const RETRY_MS = 1000;
/** How long a sink may take over one batch, in milliseconds, until it counts as failed. */
export const HANG_MS = 30_000;
/** How long `close` waits for what is still to be written, in milliseconds: half of the ten seconds that service managers leave a process at least. */
export const CLOSE_MS = 5000;

/** Options of every sink. */
export interface SinkOptions {
  /** Most bytes that wait. Default 16 MiB. */
  readonly queueLimitBytes?: number | undefined;
  /** How long a line may wait for others, in milliseconds. Default 50. */
  readonly lingerMs?: number | undefined;
  /** How long a sink that failed is left alone, in milliseconds. Default 1000. */
  readonly retryMs?: number | undefined;
  /** How long a sink may take over one batch, in milliseconds, until it counts as failed. Default 30,000. */
  readonly hangMs?: number | undefined;
  /** Is told once when trouble begins, and once when it is over, with how many lines were lost. Default: a process warning. */
  readonly onTrouble?: ((trouble: string) => void) | undefined;
  /** Makes one line of a record. Default: the sink's own, which is ECS in JSON where nothing else is said. */
  readonly format?: ((record: AuditRecord) => string) | undefined;
}

export const SINK_SHAPES: Shapes<SinkOptions> = {
  queueLimitBytes: whole(1),
  lingerMs: milliseconds(0),
  retryMs: milliseconds(0),
  hangMs: milliseconds(1),
  onTrouble: callback,
  format: callback,
};

/** What has become of the lines of a sink. */
export interface SinkStatus {
  /** Lines that the sink has taken, and lines that were lost. */
  readonly written: number;
  /** Lines that were lost. */
  readonly lost: number;
  /** Bytes of lines that the sink has not confirmed. */
  readonly waitingBytes: number;
  /** Why nothing is written now, or lines are lost; or undefined. */
  readonly trouble: string | undefined;
}
