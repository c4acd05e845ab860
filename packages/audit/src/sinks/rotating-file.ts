import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { createReadStream, createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { basename, dirname, join } from "node:path";
import type { Outlet } from "./outlet.ts";

/** How often the path is compared with the file that is written, in milliseconds. */
const LOOK_MS = 1000;
/** How often files that are too old are looked for while nothing is written, in milliseconds. */
const SWEEP_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** The owner reads and writes; other users must not read addresses. */
const MODE = 0o600;

export interface Rotation {
  readonly path: string;
  /** No file grows beyond it, unless one batch does. */
  readonly sizeBytes: number;
  /** Files that are put aside at most, `path.1` the newest. */
  readonly keptFiles: number;
  /** Nothing older is kept: a file is put aside when the day (UTC) is over, and removed so many days later. Undefined: as long as it takes. */
  readonly keptDays: number | undefined;
  /** Whether rotated files are compressed, as `path.1.gz`. */
  readonly compress: boolean;
  readonly now: () => number;
  /** Called when another program has removed or cut the file, with a sentence about what may be missing. */
  readonly onReplaced: (detail: string) => void;
}

/** A file that can be opened again. */
export interface RotatingOutlet extends Outlet {
  /** Closes the file, and opens whatever is at its path for the next lines. */
  readonly reopen: () => Promise<void>;
}

interface Current {
  readonly handle: FileHandle;
  /** When its first line was written, at the latest. */
  readonly since: number;
  /** Which file it is, whatever its name becomes. */
  readonly inode: string;
  bytes: number;
  looked: number;
}

/**
 * Lines in a file that is put aside when it is large or old. A batch is in the file whole or not at all: what a full disk took of one is cut off again, and a line that
 * a killed process has left unfinished is ended. One process writes a file.
 */
export function rotatingFile(rotation: Rotation): RotatingOutlet {
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
  /** Opens the path again where it is another file by now, as logrotate's `create` leaves it; after `copytruncate` the file is the same one, and shorter. */
  const look = async (): Promise<void> => {
    if (current === undefined || performance.now() - current.looked < LOOK_MS) return;
    current.looked = performance.now();
    const there = await stat(rotation.path).catch(ignoreMissing);
    if (there !== undefined && inodeOf(there) === current.inode) {
      if (there.size < current.bytes)
        rotation.onReplaced(
          `it was truncated from ${current.bytes} bytes to ${there.size}: lines written while it was copied may be in neither file`,
        );
      current.bytes = there.size;
      return;
    }
    const { nlink } = await current.handle.stat();
    const { bytes, since } = current;
    await current.handle.close();
    current = undefined;
    // logrotate's `compress` removes the moved file when its compressed copy is beside it.
    if (nlink > 0 || (await hasNewNeighbour(rotation.path, since))) return;
    rotation.onReplaced(
      `it was removed: its ${bytes} bytes are missing unless another program has copied them, and a new file is written`,
    );
  };
  const sweep = async (): Promise<void> => {
    current ??= await openFile(rotation.path);
    if (current.bytes > 0 && isOver(current.since, rotation)) await putAside();
    await removeOld(rotation);
  };
  const append = async (bytes: Buffer): Promise<void> => {
    await look();
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
    reopen: () =>
      after(async () => {
        await current?.handle.close();
        current = undefined;
      }),
    abandon: () => void after(end).catch(() => {}),
  };
}

async function openFile(path: string): Promise<Current> {
  await mkdir(dirname(path), { recursive: true });
  const handle = await open(path, "a+", MODE);
  try {
    const stats = await handle.stat();
    const { size, birthtimeMs, ctimeMs } = stats;
    const since = birthtimeMs > 0 ? birthtimeMs : ctimeMs;
    const current = { handle, since, inode: inodeOf(stats), bytes: size, looked: performance.now() };
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
async function shift({ path, keptFiles, compress }: Rotation): Promise<void> {
  for (let index = keptFiles; index > 0; index--) {
    const from = index === 1 ? path : `${path}.${index - 1}`;
    // Of what takes the place of another the other form must go.
    await rm(`${path}.${index}.gz`, { force: true });
    await rename(from, `${path}.${index}`).catch(ignoreMissing);
    if (index > 1) await rename(`${from}.gz`, `${path}.${index}.gz`).catch(ignoreMissing);
  }
  if (keptFiles === 0) await rm(path, { force: true });
  else if (compress) await pack(`${path}.1`);
}

/** The packed file is there whole or not at all; where it cannot be made the plain one stays. */
async function pack(path: string): Promise<void> {
  const part = `${path}.gz.part`;
  try {
    await pipeline(createReadStream(path), createGzip(), createWriteStream(part, { mode: MODE }));
    await rename(part, `${path}.gz`);
    await rm(path, { force: true });
  } catch {
    await rm(part, { force: true });
  }
}

async function removeOld({ path, keptDays, now }: Rotation): Promise<void> {
  if (keptDays === undefined) return;
  const prefix = `${basename(path)}.`;
  for (const name of await readdir(dirname(path))) {
    if (!name.startsWith(prefix) || !/^\d+(\.gz)?$/.test(name.slice(prefix.length))) continue;
    const file = join(dirname(path), name);
    const { mtimeMs } = await stat(file);
    if (now() - mtimeMs > keptDays * DAY_MS) await rm(file, { force: true });
  }
}

/** Whether a file beside `path` whose name begins as its does was made or changed after `since`. */
async function hasNewNeighbour(path: string, since: number): Promise<boolean> {
  const name = basename(path);
  for (const other of await readdir(dirname(path))) {
    if (other === name || !other.startsWith(name)) continue;
    const stats = await stat(join(dirname(path), other)).catch(ignoreMissing);
    if (stats !== undefined && stats.ctimeMs >= since) return true;
  }
  return false;
}

function isOver(since: number, { keptDays, now }: Rotation): boolean {
  return keptDays !== undefined && Math.floor(since / DAY_MS) < Math.floor(now() / DAY_MS);
}

function inodeOf({ dev, ino }: { readonly dev: number; readonly ino: number }): string {
  return `${dev} ${ino}`;
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT") throw error;
  return undefined;
}
