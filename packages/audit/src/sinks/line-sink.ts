import type { Writable } from "node:stream";
import { callback, checkOptions, checkValue } from "@wherefrom/core/internal";
import type { LineBatch } from "./line-queue.ts";
import type { Outlet } from "./outlet.ts";
import { Sink } from "./sink.ts";
import { SINK_SHAPES, type SinkOptions } from "./sink-options.ts";

/** A sink before any stream, a line for each event: a file, a socket, standard output. `open` makes the stream, and another one after it failed. */
export class LineSink extends Sink {
  constructor(name: string, open: () => Writable, options: SinkOptions = {}) {
    checkValue("LineSink: open", open, callback);
    checkOptions<SinkOptions>("LineSink", options, SINK_SHAPES);
    super(name, (fail) => streamOutlet(open(), fail), options);
  }
}

/** Written is what the stream's own callback says so of. Standard output and error are left open. */
export function streamOutlet(
  stream: Writable,
  fail: (error: Error) => void,
  frame: (batch: LineBatch) => string | Buffer = bytesOf,
): Outlet {
  stream.on("error", fail);
  stream.on("close", () => fail(new Error("it was closed")));
  return {
    deliver: (batch) =>
      new Promise((resolve, reject) => {
        stream.write(frame(batch), (error) => {
          if (error === null || error === undefined) resolve(undefined);
          else reject(error);
        });
      }),
    close: () =>
      new Promise((resolve) => {
        if (stream === process.stdout || stream === process.stderr || stream.destroyed) resolve();
        else stream.end(() => resolve());
      }),
    abandon: () => void stream.destroy(),
  };
}

function bytesOf({ bytes }: LineBatch): Buffer {
  return bytes;
}
