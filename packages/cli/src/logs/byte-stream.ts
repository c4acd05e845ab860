import { spawn } from "node:child_process";
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { PassThrough, type Readable, type Transform } from "node:stream";
import * as zlib from "node:zlib";

/** How much is read of a file at a time, in bytes. */
const READ_BYTES = 1 << 20;

/** How a file is packed, by the bytes that it begins with. */
const MAGIC: readonly (readonly [name: string, bytes: readonly number[], program: string])[] = [
  ["gzip", [0x1f, 0x8b], "gzip"],
  ["zstd", [0x28, 0xb5, 0x2f, 0xfd], "zstd"],
  ["xz", [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], "xz"],
  ["bzip2", [0x42, 0x5a, 0x68], "bzip2"],
];

/** The bytes of a log, unpacked, and what was wrong with them in the end. */
export interface LogBytes {
  readonly chunks: AsyncIterable<Buffer>;
  /** Bytes that were read of the file, packed as they are. */
  readonly readBytes: () => number;
  /** A sentence, once the chunks have ended: what was read before counts. */
  readonly trouble: () => string | undefined;
}

/** `path` is a file, a FIFO, or "-" for standard input. A file that grows is read up to where it ends when that is reached. */
export async function openBytes(path: string): Promise<LogBytes> {
  const file: Readable = path === "-" ? process.stdin : createReadStream(path, { highWaterMark: READ_BYTES });
  let [count, trouble]: [number, string | undefined] = [0, undefined];
  const packed = file[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const head: Buffer[] = [];
  let isEnd = false;
  while (!isEnd && Buffer.concat(head).length < 6) {
    const { value, done } = await packed.next();
    if (done === true) isEnd = true;
    else head.push(value);
  }
  const beginning = Buffer.concat(head);
  async function* all(): AsyncGenerator<Buffer> {
    count += beginning.length;
    if (beginning.length > 0) yield beginning;
    if (isEnd) return;
    for (let next = await packed.next(); next.done !== true; next = await packed.next()) {
      count += next.value.length;
      yield next.value;
    }
  }
  const kind = MAGIC.find(([, bytes]) => bytes.every((byte, index) => beginning[index] === byte));
  const name = path === "-" ? "standard input" : `"${path}"`;
  async function* chunks(): AsyncGenerator<Buffer> {
    try {
      if (kind === undefined) yield* all();
      else yield* unpacked(all(), kind[0], kind[2]);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (kind === undefined) throw error;
      trouble =
        code === "ENOENT"
          ? `${name} is compressed with ${kind[0]}: install the program "${kind[2]}" (apt-get install ${kind[2] === "xz" ? "xz-utils" : kind[2]}).`
          : `${name} is damaged or truncated (${kind[0]}: ${message}): only the part before that is counted.`;
    }
  }
  return { chunks: chunks(), readBytes: () => count, trouble: () => trouble };
}

/** By node:zlib where it can (zstd since Node 22.15), else by the program of that name. */
async function* unpacked(packed: AsyncGenerator<Buffer>, name: string, program: string): AsyncGenerator<Buffer> {
  const { createZstdDecompress } = zlib as { createZstdDecompress?: () => Transform };
  const engine: Transform | undefined =
    name === "gzip"
      ? zlib.createGunzip({ chunkSize: READ_BYTES })
      : name === "zstd"
        ? createZstdDecompress?.()
        : undefined;
  const out = new PassThrough({ highWaterMark: READ_BYTES });
  let input: NodeJS.WritableStream;
  if (engine !== undefined) {
    input = engine;
    engine.on("error", (error) => out.destroy(error));
    engine.pipe(out);
  } else {
    const child = spawn(program, ["-dc"], { stdio: ["pipe", "pipe", "pipe"] });
    let complaint = "";
    child.stderr.on("data", (text: Buffer) => (complaint = (complaint + text.toString()).slice(0, 500)));
    child.on("error", (error) => out.destroy(error));
    child.stdin.on("error", () => {});
    child.stdout.pipe(out, { end: false });
    child.on("close", (code) => {
      if (code === 0) out.end();
      else out.destroy(new Error(complaint.trim().split("\n")[0] ?? `it ended with ${code}`));
    });
    input = child.stdin;
  }
  void feed(packed, input).catch((error: unknown) => out.destroy(error as Error));
  const read: Buffer[] = [];
  let [failure, wake]: [Error | undefined, () => void] = [undefined, () => {}];
  let isOver = false;
  // An error does not take away what was unpacked before it.
  out.on("data", (chunk: Buffer) => {
    read.push(chunk);
    out.pause();
    wake();
  });
  out.on("error", (error) => {
    failure = error;
    wake();
  });
  out.on("end", () => {
    isOver = true;
    wake();
  });
  for (;;) {
    const chunk = read.shift();
    if (chunk !== undefined) {
      yield chunk;
      out.resume();
    } else if (failure !== undefined) throw failure;
    else if (isOver) return;
    else await new Promise<void>((resolve) => (wake = resolve));
  }
}

async function feed(packed: AsyncGenerator<Buffer>, input: NodeJS.WritableStream): Promise<void> {
  for await (const chunk of packed) {
    if (input.write(chunk)) continue;
    await new Promise<void>((resolve) => {
      input.once("drain", resolve);
      input.once("close", resolve);
    });
  }
  input.end();
}

/** Whether a file is none of the packed kinds: what an engine may read by itself. */
export async function isPlain(path: string): Promise<boolean> {
  const handle = await open(path, "r");
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(6), 0, 6, 0);
    return !MAGIC.some(([, bytes]) => bytes.every((byte, index) => index < bytesRead && buffer[index] === byte));
  } finally {
    await handle.close();
  }
}
