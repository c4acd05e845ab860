import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { escapedText } from "@wherefrom/core/internal";
import { clientAddress, parseAddress, type Policy } from "@wherefrom/core";
import { type Engine, sqlText } from "../events/engine.ts";
import { EVENT_TYPES, type EventColumn, insertEvents, type LoadedEvents, type Period } from "../events/event-files.ts";
import { fileStats } from "../terminal/file-stats.ts";
import { formatMany } from "../terminal/number-text.ts";
import { plainText } from "../terminal/plain-text.ts";
import { isPlain, openBytes } from "./byte-stream.ts";
import type { LogEntry, ReadLine } from "./entry.ts";
import { detectFormat, SAMPLE_LINES } from "./formats.ts";
import { linesOf } from "./lines.ts";

export interface LogOptions {
  /** Undefined: by content. */
  readonly read: ReadLine | undefined;
  /** Which captured header of HAProxy's is X-Forwarded-For, from 1. */
  readonly column: number;
  /** The policy that walks X-Forwarded-For from the address that the server wrote, and from how many characters a column may have been cut; undefined: that address is the client's. */
  readonly policy: Policy | undefined;
  readonly cut: number;
  readonly period: Partial<Period>;
  /** Is told how far it is, now and then. */
  readonly progress?: ((bytes: number, events: number) => void) | undefined;
}

/** Bytes of rows that the engine takes at a time: it reads one piece while the next is made. */
const PIECE_BYTES = 48 << 20;
/** Characters that are joined before they are written. */
const BLOCK_CHARACTERS = 1 << 18;
/** Longest text of a client's, in characters, as of events. */
const TEXT_LIMIT = 1024;
/** Addresses whose canonical text is remembered. */
const KNOWN_ADDRESSES = 65_536;
/** Characters of a line that is shown. */
const SHOWN_CHARACTERS = 160;

/** Puts what these logs say into the table `events`, with these columns. `files` are paths, FIFOs, or "-". */
export async function loadLogs(
  engine: Engine,
  files: readonly string[],
  columns: readonly EventColumn[],
  options: LogOptions,
): Promise<LoadedEvents> {
  await engine.run(`CREATE TABLE events (${columns.map((name) => `${name} ${EVENT_TYPES[name]}`).join(", ")})`);
  const rows = new Rows(engine, columns, options);
  const troubles: string[] = [];
  const formats = new Set<string>();
  for (const file of files) {
    const bytes = await openBytes(file);
    let read = options.read;
    rows.mayBeCut = false;
    let isDone = false;
    for await (const { lines, long, longStart } of linesOf(bytes.chunks)) {
      rows.unread(long, longStart);
      if (read === undefined && lines.length > 0) {
        const detected = detectFormat(lines.slice(0, SAMPLE_LINES), options.column);
        // Before it is known a line may still be of any.
        if (detected !== undefined) {
          formats.add(detected.name);
          read = detected.read;
          rows.mayBeCut = detected.name === "haproxy" && options.cut === Infinity;
          if (
            detected.name === "wherefrom" &&
            options.policy === undefined &&
            (await insertQuickly(engine, file, columns, options.period))
          ) {
            isDone = true;
            break;
          }
        }
      }
      if (read === undefined) rows.unread(lines.length, lines[0]);
      else for (const line of lines) rows.add(line, read);
      if (rows.isFull) await rows.flush();
      options.progress?.(bytes.readBytes(), rows.count);
    }
    const trouble = bytes.trouble();
    if (trouble !== undefined && !isDone) troubles.push(trouble);
  }
  await rows.end();
  const [counted] = await engine.rows(
    `SELECT count(*)::DOUBLE AS requests FROM events WHERE action = 'client.resolved'`,
  );
  return {
    requests: Number(counted?.["requests"]),
    unread: rows.unreadCount,
    sample: rows.sample === undefined ? undefined : plainText(rows.sample, SHOWN_CHARACTERS),
    troubles,
    formats: [...formats],
    cut: rows.cutCount,
  };
}

/** What the numbers do not say by themselves, as sentences. */
export function doubtsOf({ unread, sample, troubles, cut }: LoadedEvents): string[] {
  return [
    ...troubles,
    ...(unread === 0 || sample === undefined
      ? []
      : [
          `${formatMany(unread, "line has", "lines have")} an unknown format and ${unread === 1 ? "is" : "are"} left out, such as: ${sample}`,
        ]),
    ...(cut === 0
      ? []
      : [`Of ${formatMany(cut, "line", "lines")} X-Forwarded-For may have been cut: the client is not proven.`]),
  ];
}

/** By the engine's own reader of JSON, where nothing in the file is what it cannot tell of; else nothing is kept of it. */
async function insertQuickly(
  engine: Engine,
  file: string,
  columns: readonly EventColumn[],
  period: Partial<Period>,
): Promise<boolean> {
  if (file === "-" || !fileStats(file).isFile() || !(await isPlain(file))) return false;
  await engine.run("BEGIN");
  try {
    const unread = await insertEvents(engine, file, columns, period);
    if (unread === 0) {
      await engine.run("COMMIT");
      return true;
    }
  } catch {
    // A line that it finds too long, or a file that is cut while it is read: read it line by line.
  }
  await engine.run("ROLLBACK");
  return false;
}

/** Rows on their way into the engine. */
class Rows {
  readonly #engine: Engine;
  readonly #columns: readonly EventColumn[];
  readonly #options: LogOptions;
  readonly #from: number;
  readonly #to: number;
  readonly #known = new Map<string, string>();
  readonly #cells: string[] = [];
  #rows: string[] = [];
  #rowCharacters = 0;
  #file: { readonly path: string; readonly descriptor: number; bytes: number } | undefined;
  #files = 0;
  #loading: Promise<void> = Promise.resolve();
  count = 0;
  unreadCount = 0;
  cutCount = 0;
  /** Whether the file's X-Forwarded-For is a capture of HAProxy's whose length is unknown. */
  mayBeCut = false;
  sample: string | undefined;

  constructor(engine: Engine, columns: readonly EventColumn[], options: LogOptions) {
    this.#engine = engine;
    this.#columns = columns;
    this.#options = options;
    this.#from = options.period.from ?? -Infinity;
    this.#to = options.period.to ?? Infinity;
  }

  get isFull(): boolean {
    return (this.#file?.bytes ?? 0) > PIECE_BYTES;
  }

  unread(count: number, line: string | undefined): void {
    this.unreadCount += count;
    if (count > 0) this.sample ??= line;
  }

  add(line: string, read: ReadLine): void {
    const entry = read(line);
    if (entry === "skip") return;
    if (entry === undefined) {
      this.unread(1, line);
      return;
    }
    if (entry.second < this.#from || entry.second >= this.#to) return;
    this.count++;
    const { source, isProven } = this.#clientOf(entry);
    const columns = this.#columns;
    const cells = this.#cells;
    for (let index = 0; index < columns.length; index++) {
      const column = columns[index] as EventColumn;
      if (column === "second") cells[index] = String(entry.second);
      else if (column === "source") cells[index] = source;
      else if (column === "proven") cells[index] = isProven ? "true" : "false";
      else if (column === "action") cells[index] = entry.action ?? "client.resolved";
      else if (column === "path")
        cells[index] = cell(entry.action === undefined ? withoutQuery(entry.path) : entry.path);
      else cells[index] = cell(entry[column as keyof LogEntry]);
    }
    const row = cells.join("\t");
    this.#rows.push(row);
    this.#rowCharacters += row.length;
    if (this.#rowCharacters > BLOCK_CHARACTERS) this.#write();
  }

  /** Hands what there is to the engine, which takes it while the next lines are read. */
  async flush(): Promise<void> {
    this.#write();
    const file = this.#file;
    if (file === undefined) return;
    closeSync(file.descriptor);
    this.#file = undefined;
    const { path } = file;
    await this.#loading;
    const types = this.#columns.map((name) => `'${name}': '${EVENT_TYPES[name]}'`).join(", ");
    this.#loading = this.#engine
      .run(
        `INSERT INTO events SELECT * FROM read_csv(${sqlText(path)}, auto_detect = false, header = false, delim = '\t', quote = '', escape = '', nullstr = '', columns = {${types}})`,
      )
      .finally(() => rmSync(path, { force: true }));
    // It is awaited with the next piece; until then it must not be an unhandled rejection.
    this.#loading.catch(() => {});
  }

  async end(): Promise<void> {
    await this.flush();
    await this.#loading;
  }

  /** Into a file that stays in the page cache until the engine has it. */
  #write(): void {
    if (this.#rows.length === 0) return;
    const file = (this.#file ??= this.#newFile());
    file.bytes += writeSync(file.descriptor, `${this.#rows.join("\n")}\n`);
    this.#rows = [];
    this.#rowCharacters = 0;
  }

  #newFile(): { readonly path: string; readonly descriptor: number; bytes: number } {
    const path = join(this.#engine.directory, `rows-${this.#files++}.tsv`);
    return { path, descriptor: openSync(path, "wx", 0o600), bytes: 0 };
  }

  #clientOf({ source, forwarded, action, isProven }: LogEntry): { source: string; isProven: boolean } {
    if (action !== undefined) return { source: cell(source), isProven: isProven === true };
    const { policy, cut } = this.#options;
    const peer = this.#canonical(source);
    if (policy === undefined || peer === "")
      return { source: peer === "" ? cell(source) : peer, isProven: peer !== "" };
    if (forwarded !== undefined && (this.mayBeCut || forwarded.length >= cut)) {
      this.cutCount++;
      return { source: peer, isProven: false };
    }
    const headers = forwarded === undefined ? {} : { "x-forwarded-for": forwarded };
    const client = clientAddress({ transport: "tcp", peer, peerPort: 0, claims: [] }, headers, policy);
    return { source: client ?? peer, isProven: client !== undefined };
  }

  /** "" for what is no address. */
  #canonical(text: string): string {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    if (this.#known.size >= KNOWN_ADDRESSES) this.#known.clear();
    const canonical = parseAddress(text)?.text ?? "";
    // A copy: a piece of a line would keep the megabyte in memory that it was cut from.
    this.#known.set(Buffer.from(text).toString(), canonical);
    return canonical;
  }
}

function withoutQuery(path: string | undefined): string | undefined {
  const end = path === undefined ? -1 : path.search(/[?#]/);
  return end < 0 ? path : path?.slice(0, end);
}

/** A value between tabs. What would end it, or a terminal might obey, is written as `\xHH`. */
function cell(value: string | number | boolean | undefined): string {
  if (value === undefined) return "";
  const text =
    typeof value === "string" ? (value.length > TEXT_LIMIT ? value.slice(0, TEXT_LIMIT) : value) : String(value);
  return escapedText(text);
}
