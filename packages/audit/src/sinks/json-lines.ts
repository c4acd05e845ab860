import { closeSync, existsSync, mkdirSync, openSync } from "node:fs";
import { dirname, join, parse } from "node:path";
import {
  callback,
  checkOptions,
  checkValue,
  either,
  flag,
  oneOf,
  type Shape,
  type Shapes,
  text,
  whole,
} from "@wherefrom/core/internal";
import { publish } from "../event/event.ts";
import type { Lane } from "./lane.ts";
import { rotatingFile, type RotatingOutlet, type Rotation } from "./rotating-file.ts";
import { Sink } from "./sink.ts";
import { SINK_SHAPES, type SinkOptions } from "./sink-options.ts";

/** Size at which a file is put aside: what an editor still opens at once. */
const ROTATE_SIZE = "64M";
/** Files that are kept beside the current one. */
const KEPT_FILES = 5;
const UNITS = { B: 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 } as const;

/** When a file is put aside and removed, and the options of every sink. */
export interface JsonLinesOptions extends SinkOptions {
  /** A number of bytes with B, K, M or G behind it. Default "64M". */
  readonly rotateSize?: `${number}${"B" | "K" | "M" | "G"}` | undefined;
  /** Files that were put aside, at most. Default 5, or one for each of `keptDays` where these are more. */
  readonly keptFiles?: number | undefined;
  /** Days (UTC) after which what was written is removed, by this process or the next one. Default: only `keptFiles` counts. */
  readonly keptDays?: number | undefined;
  /** The file of alerts: findings, surges and warnings. It is put aside as `path` is. `false`: `path`. Default: `audit.alerts.jsonl` beside `audit.jsonl`. */
  readonly alerts?: string | false | undefined;
  /** The file of logins (`login.location`), in the same way. Default: `audit.logins.jsonl` beside `audit.jsonl`. */
  readonly logins?: string | false | undefined;
  /** Whether rotated files are compressed with gzip, as `path.1.gz`. Default false. `wherefrom trace` reads both. */
  readonly compress?: boolean | undefined;
  /** Milliseconds since 1970, by which files get old. Default `Date.now`. */
  readonly now?: (() => number) | undefined;
  /** Opens the file again at this signal, as logrotate's `postrotate` sends one. Default none: a handler of ours would keep the signal from ending its process. The path is checked once a second in any case. */
  readonly reopenAt?: "SIGHUP" | "SIGUSR1" | "SIGUSR2" | undefined;
}

/** A sink whose file other programs may move, truncate or remove. */
export class JsonLinesSink extends Sink {
  readonly #reopen: () => Promise<void>;
  readonly #end: () => void;

  constructor(path: string, open: () => RotatingOutlet, options: SinkOptions, reopenAt: NodeJS.Signals | undefined) {
    let outlet: RotatingOutlet | undefined;
    super(path, () => (outlet = open()), options);
    this.#reopen = async () => outlet?.reopen();
    const onSignal = (): void => void this.reopen().catch(() => {});
    if (reopenAt !== undefined) process.on(reopenAt, onSignal);
    this.#end = () => void (reopenAt === undefined ? undefined : process.off(reopenAt, onSignal));
  }

  /** Closes the file, and opens its path again for the next lines, after another program has moved it. */
  reopen(): Promise<void> {
    return this.#reopen();
  }

  override async close(limitMs?: number): Promise<void> {
    this.#end();
    await super.close(limitMs);
  }
}

const SIZE: Shape = {
  expected: `a number of bytes with B, K, M or G behind it, such as "64M"`,
  fits: (value) => typeof value === "string" && sizeOf(value) > 0,
  isPublic: true,
};
const PATH_OR_FALSE: Shape = either(text, { expected: "false", fits: (value) => value === false });

const SHAPES: Shapes<JsonLinesOptions> = {
  ...SINK_SHAPES,
  rotateSize: SIZE,
  keptFiles: whole(0),
  keptDays: whole(0),
  alerts: PATH_OR_FALSE,
  logins: PATH_OR_FALSE,
  compress: flag,
  now: callback,
  reopenAt: oneOf("SIGHUP", "SIGUSR1", "SIGUSR2"),
};

/**
 * Lines in a file of which only its owner reads, which becomes `path.1` when it has its size, that `path.2`, and so on. Its directory is made. One process writes a file.
 * Throws where it cannot be written now.
 */
export function jsonLines(path: string, options: JsonLinesOptions = {}): JsonLinesSink {
  checkValue("jsonLines: the path", path, text);
  checkOptions<JsonLinesOptions>("jsonLines", options, SHAPES);
  const {
    rotateSize = ROTATE_SIZE,
    keptDays,
    keptFiles,
    alerts,
    logins,
    compress = false,
    now = Date.now,
    reopenAt,
    ...rest
  } = options;
  const sizeBytes = sizeOf(rotateSize);
  const paths = {
    request: path,
    login: logins === false ? path : (logins ?? besidePath(path, "logins")),
    alert: alerts === false ? path : (alerts ?? besidePath(path, "alerts")),
  };
  for (const each of new Set(Object.values(paths))) mkdirSync(dirname(each), { recursive: true });
  // What the sink would find out only later. The files of defaults are made when they are needed.
  for (const each of [path, alerts, logins]) if (typeof each === "string") closeSync(openSync(each, "a", 0o600));
  const kept = keptFiles ?? Math.max(KEPT_FILES, keptDays ?? 0);
  const rotation = { sizeBytes, keptFiles: kept, keptDays, compress, now };
  return new JsonLinesSink(path, () => laneFiles(paths, rotation), rest, reopenAt);
}

/** `audit.alerts.jsonl` of `audit.jsonl`: a flood of requests puts files aside within minutes, and what counts most is not among them. */
function besidePath(path: string, word: string): string {
  const { dir, name, ext } = parse(path);
  return join(dir, `${name}.${word}${ext}`);
}

/** A file for each lane, opened when it is needed, or when it is there already and may be too old. */
function laneFiles(
  paths: Readonly<Record<Lane, string>>,
  rotation: Omit<Rotation, "path" | "onReplaced">,
): RotatingOutlet {
  const files = new Map<string, RotatingOutlet>();
  const fileOf = (path: string): RotatingOutlet => {
    const file = files.get(path) ?? rotatingFile({ ...rotation, path, onReplaced: tellReplaced(path) });
    files.set(path, file);
    return file;
  };
  for (const path of Object.values(paths)) if (existsSync(path)) fileOf(path);
  return {
    deliver: (batch, signal) => fileOf(paths[batch.lane]).deliver(batch, signal),
    givesBack: true,
    reopen: async () => {
      await Promise.all([...files.values()].map((file) => file.reopen()));
    },
    close: async () => {
      await Promise.all([...files.values()].map((file) => file.close?.() ?? Promise.resolve()));
    },
    abandon: () => {
      for (const file of files.values()) file.abandon?.();
    },
  };
}

/** Tells that another program has moved or removed the file. */
const tellReplaced =
  (path: string) =>
  (detail: string): void =>
    publish({
      name: "config.warning",
      time: new Date(),
      warning: { code: "audit-file-replaced", detail: `${path}: ${detail}` },
    });

/** Not above 0 for what is no size. */
function sizeOf(size: string): number {
  const [, digits, unit] = /^(\d+)([BKMG])$/.exec(size) ?? [];
  return unit === undefined ? 0 : Number(digits) * UNITS[unit as keyof typeof UNITS];
}
