import { type BigIntStats, constants, watch } from "node:fs";
import { open, stat } from "node:fs/promises";
import { dirname, extname } from "node:path";
import { WherefromError } from "@wherefrom/core";
import {
  checkOptions,
  checkValue,
  listOf,
  milliseconds,
  oneOf,
  type Shapes,
  text,
  whole,
} from "@wherefrom/core/internal";
import { pause } from "../list/pause.ts";
import type { PrefixList, Reading } from "../list/prefix-list.ts";
import { type ListFormat, readList } from "../list/published.ts";
import { compileWithin } from "../list/within.ts";
import { whyRented } from "./vendors.ts";

/** How a file is read, and what may be in it. */
export interface FileListOptions {
  /** Default: by the file's ending, `.json` and `.csv`; text for every other. */
  readonly format?: ListFormat | undefined;
  /** Which rows of a JSON file to take, where it has those of many services. */
  readonly service?: string | undefined;
  /** Prefixes in which every entry must lie, and "private", "loopback", "cgnat". Default: anywhere but documentation ranges. */
  readonly within?: readonly string[] | undefined;
  /** How often the file is looked at where the system does not tell of a change, in milliseconds. Default 2000. */
  readonly everyMs?: number | undefined;
  /** Age without a good reading from which the list is stale, in milliseconds. It is kept. Default an hour. */
  readonly staleMs?: number | undefined;
  /** Most prefixes. Default 20000. */
  readonly most?: number | undefined;
}

const SHAPES: Shapes<FileListOptions> = {
  format: oneOf("text", "json", "csv"),
  service: text,
  within: listOf(text),
  everyMs: milliseconds(10),
  staleMs: milliseconds(1),
  most: whole(1),
};

const EVERY_MS = 2000;
const STALE_MS = 3_600_000;
const MOST = 20_000;
/** Largest file, in bytes: AWS's ip-ranges.json, the largest published list of all, has 2 MiB. */
const SIZE_LIMIT_BYTES = 8_388_608;
/** How long a file must be as it is, in milliseconds: who writes one in pieces writes them faster. */
const SETTLE_MS = 100;
/** How often a file that changes is looked at, `SETTLE_MS` apart, before that is told. */
const LOOK_LIMIT = 50;

/**
 * A file that is watched: text with a prefix a line, JSON or CSV. A file that is written while it is read, is cut, or has one wrong entry leaves the last good list in force. To
 * replace it at once, write another file and rename it.
 */
export function fileList(path: string, options: FileListOptions = {}): PrefixList {
  checkValue("fileList(path): the path", path, text);
  checkOptions<FileListOptions>("fileList(path, options)", options, SHAPES);
  const { format = formatOf(path), service, within, everyMs = EVERY_MS, staleMs = STALE_MS, most = MOST } = options;
  const why = service === undefined ? undefined : whyRented(service);
  if (why !== undefined) {
    throw new WherefromError("ERR_WHEREFROM_INVALID_OPTION", `the rows ${JSON.stringify(service)} of ${path} ${why}`);
  }
  const bounds = { within: within === undefined ? undefined : compileWithin(within), isPublic: false, most };
  let last: string | undefined;
  return {
    origin: `file ${path}`,
    bounds,
    staleMs,
    whenStale: "keep",
    read: async (signal): Promise<Reading> => {
      const mark = await settledMark(path, signal);
      if (mark === last) return { prefixes: "unchanged", againMs: everyMs };
      const content = await readBounded(path);
      if ((await markOf(path)).mark !== mark) throw new Error("it is being written");
      const prefixes = readList(content, format, service, false);
      last = mark;
      return { prefixes, againMs: everyMs };
    },
    watch: (changed) => watchDirectory(path, changed),
  };
}

function formatOf(path: string): ListFormat {
  const ending = extname(path).toLowerCase();
  return ending === ".json" ? "json" : ending === ".csv" ? "csv" : "text";
}

async function markOf(path: string): Promise<{ mark: string; changedMs: number }> {
  const stats = await stat(path, { bigint: true });
  refuseOthers(stats);
  const { dev, ino, size, mtimeNs, ctimeNs } = stats;
  return { mark: [dev, ino, size, mtimeNs, ctimeNs].join(" "), changedMs: Number(mtimeNs / 1_000_000n) };
}

/** What tells one state of the file from another, once it has not changed for `SETTLE_MS`. */
async function settledMark(path: string, signal: AbortSignal): Promise<string> {
  let { mark, changedMs } = await markOf(path);
  for (let looks = 0; looks < LOOK_LIMIT; looks++) {
    const ageMs = Date.now() - changedMs;
    if (ageMs < 0 || ageMs >= SETTLE_MS) return mark;
    await pause(SETTLE_MS - ageMs, signal);
    const now = await markOf(path);
    if (now.mark === mark) return mark;
    ({ mark, changedMs } = now);
  }
  throw new Error("it is being written all the time");
}

/** A pipe or a device may answer nothing, for ever, or without an end. */
function refuseOthers(stats: BigIntStats): void {
  if (stats.isFile()) return;
  const kind = stats.isDirectory() ? "a directory" : stats.isFIFO() ? "a pipe" : "a device or a socket";
  throw new Error(`it is ${kind}, and no file`);
}

async function readBounded(path: string): Promise<string> {
  // What became a pipe just now must not be waited for.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stats = await file.stat({ bigint: true });
    refuseOthers(stats);
    const { size } = stats;
    if (size > SIZE_LIMIT_BYTES) throw new Error(`it has ${size} bytes, and ${SIZE_LIMIT_BYTES} are the most`);
    const content = Buffer.allocUnsafe(Number(size));
    let length = 0;
    while (length < content.length) {
      const { bytesRead } = await file.read(content, length, content.length - length, length);
      if (bytesRead === 0) throw new Error("it is being written");
      length += bytesRead;
    }
    return content.toString("utf8");
  } finally {
    await file.close();
  }
}

/** The directory is watched: a file that is renamed into the place of another is another file, and a ConfigMap changes a link beside it. */
function watchDirectory(path: string, changed: () => void): () => void {
  try {
    const watcher = watch(dirname(path), { persistent: false }, changed);
    // The file is looked at every `everyMs` as well.
    watcher.on("error", () => watcher.close());
    return () => watcher.close();
  } catch {
    return () => {};
  }
}
