import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Outlet } from "./sink.ts";

/** How often files that are too old are looked for while nothing is written, in milliseconds. */
const SWEEP_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** The owner reads and writes; addresses are nobody else's. */
const MODE = 0o600;

export interface Rotation {
  readonly path: string;
  /** No file grows beyond it, unless one batch does. */
  readonly sizeBytes: number;
  /** Files that are put aside at most, `path.1` the newest. */
  readonly keptFiles: number;
  /** Nothing older is kept: a file is put aside when the day (UTC) is over, and removed so many days later. Undefined: as long as it takes. */
  readonly keptDays: number | undefined;
  readonly now: () => number;
}

interface Current {
  readonly handle: FileHandle;
  /** When its first line was written, at the latest. */
  readonly since: number;
  bytes: number;
}

/**
 * Lines in a file that is put aside when it is large or old. A batch is in the file whole or not at all: what a full disk took of one is cut off again, and a line that
 * a killed process has left unfinished is ended. One process writes a file.
 */
export function rotatingFile(rotation: Rotation): Outlet {
  const { keptDays } = rotation;
  let current: Current | undefined;
  // One thing after the other.
  let work: Promise<unknown> = Promise.resolve();
  const after = (task: () => Promise<void>): Promise<void> => {
    const done = work.then(task);
    work = done.catch(() => {});
    return done;
  };
  const putAside = async (): Promise<void> => {
    await current?.handle.close();
    current = undefined;
    await shift(rotation);
  };
  const sweep = async (): Promise<void> => {
    current ??= await openFile(rotation.path);
    if (current.bytes > 0 && isOver(current.since, rotation)) await putAside();
    await removeOld(rotation);
  };
  const append = async (bytes: Buffer): Promise<void> => {
    current ??= await openFile(rotation.path);
    const isFull = current.bytes + bytes.length > rotation.sizeBytes;
    if (current.bytes > 0 && (isFull || isOver(current.since, rotation))) {
      await putAside();
      await removeOld(rotation);
      current = await openFile(rotation.path);
    }
    try {
      await current.handle.writeFile(bytes);
      current.bytes += bytes.length;
    } catch (error) {
      // Where even that fails the next one to open the file ends the line.
      await current.handle.truncate(current.bytes).catch(() => {});
      throw error;
    }
  };
  const end = async (): Promise<void> => {
    clearInterval(sweeper);
    await current?.handle.close();
    current = undefined;
  };
  const sweeper =
    keptDays === undefined ? undefined : setInterval(() => void after(sweep).catch(() => {}), SWEEP_MS).unref();
  if (keptDays !== undefined) void after(sweep).catch(() => {});
  return {
    deliver: async ({ bytes }) => {
      await after(() => append(bytes));
      return undefined;
    },
    givesBack: true,
    close: () => after(end),
    abandon: () => void after(end).catch(() => {}),
  };
}

async function openFile(path: string): Promise<Current> {
  await mkdir(dirname(path), { recursive: true });
  const handle = await open(path, "a+", MODE);
  try {
    const { size, birthtimeMs, ctimeMs } = await handle.stat();
    const current = { handle, since: birthtimeMs > 0 ? birthtimeMs : ctimeMs, bytes: size };
    if (size > 0) {
      const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
      if (buffer[0] !== 0x0a) {
        await handle.writeFile("\n");
        current.bytes++;
      }
    }
    return current;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** `path` becomes `path.1`, that `path.2`, and so on; the last one goes. */
async function shift({ path, keptFiles }: Rotation): Promise<void> {
  for (let index = keptFiles; index > 0; index--) {
    const from = index === 1 ? path : `${path}.${index - 1}`;
    await rename(from, `${path}.${index}`).catch(ignoreMissing);
  }
  if (keptFiles === 0) await rm(path, { force: true });
}

async function removeOld({ path, keptDays, now }: Rotation): Promise<void> {
  if (keptDays === undefined) return;
  const prefix = `${basename(path)}.`;
  for (const name of await readdir(dirname(path))) {
    if (!name.startsWith(prefix) || !/^\d+$/.test(name.slice(prefix.length))) continue;
    const file = join(dirname(path), name);
    const { mtimeMs } = await stat(file);
    if (now() - mtimeMs > keptDays * DAY_MS) await rm(file, { force: true });
  }
}

function isOver(since: number, { keptDays, now }: Rotation): boolean {
  return keptDays !== undefined && Math.floor(since / DAY_MS) < Math.floor(now() / DAY_MS);
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== "ENOENT") throw error;
}
