import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { dirname } from "node:path";

/** What an initramfs has: a directory, a file (its bytes, or where they are), a symbolic link, or a character device. */
export type Entry =
  | { readonly kind: "directory" }
  | { readonly kind: "file"; readonly from: string | Uint8Array; readonly isProgram?: boolean }
  | { readonly kind: "link"; readonly to: string }
  | { readonly kind: "device"; readonly major: number; readonly minor: number };

/** stat(2), st_mode. */
const MODES = { directory: 0o40755, file: 0o100644, program: 0o100755, link: 0o120777, device: 0o20600 } as const;
const TRAILER = "TRAILER!!!";

/**
 * Writes a cpio archive in the "newc" format (Documentation/driver-api/early-userspace/buffer-format.rst), which is what the kernel unpacks as its first file
 * system. Paths begin with "/"; directories on the way are added. Not compressed: an emulated processor is slow at that, and memory costs nothing.
 */
export function writeArchive(path: string, entries: ReadonlyMap<string, Entry>): void {
  const all = new Map(entries);
  for (const name of entries.keys()) {
    for (let above = dirname(name); above !== "/"; above = dirname(above)) {
      if (!all.has(above)) all.set(above, { kind: "directory" });
    }
  }
  const file = openSync(path, "w");
  try {
    // A directory's path is a prefix of what is in it, and comes before it.
    const names = [...all.keys()].toSorted();
    for (const name of names) writeEntry(file, name.slice(1), all.get(name) as Entry);
    write(file, header(TRAILER, 0, 0, 0, 0));
  } finally {
    closeSync(file);
  }
}

function writeEntry(file: number, name: string, entry: Entry): void {
  const data = contentOf(entry);
  const mode = entry.kind === "file" && entry.isProgram === true ? MODES.program : MODES[entry.kind];
  const [major, minor] = entry.kind === "device" ? [entry.major, entry.minor] : [0, 0];
  write(file, header(name, mode, data.length, major, minor));
  write(file, data);
}

function contentOf(entry: Entry): Uint8Array {
  if (entry.kind === "link") return Buffer.from(entry.to);
  if (entry.kind !== "file") return new Uint8Array(0);
  return typeof entry.from === "string" ? readFileSync(entry.from) : entry.from;
}

/** "c_magic" and thirteen numbers of eight hexadecimal digits, then the name. */
function header(name: string, mode: number, bytes: number, major: number, minor: number): Uint8Array {
  const nameBytes = Buffer.byteLength(name) + 1;
  const links = 1;
  const numbers = [0, mode, 0, 0, links, 0, bytes, 0, 0, major, minor, nameBytes, 0];
  return Buffer.from(`070701${numbers.map((number) => number.toString(16).padStart(8, "0")).join("")}${name}\0`);
}

/** Padded to a multiple of 4, as every part of the archive is. */
function write(file: number, data: Uint8Array): void {
  for (let done = 0; done < data.length;) done += writeSync(file, data, done);
  writeSync(file, new Uint8Array(-data.length & 3));
}
