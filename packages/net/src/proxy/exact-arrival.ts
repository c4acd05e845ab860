import { readSync } from "node:fs";
import type { Socket } from "node:net";
import type { Arrival } from "./arrival.ts";
import { descriptorOf } from "../connection/descriptor.ts";
import type { CompiledProxy } from "./options.ts";

/** How often a connection that nothing reads is looked at, in milliseconds. Nothing wakes the process for it; a header comes with the first segment. */
const LOOK_MS = 5;

/**
 * Waits for the header of a connection of a server with `pauseOnConnect`, and takes its bytes from the kernel, none more: the socket has read nothing, so that its handle can be
 * passed on to another process, which finds every byte behind the header. `done` is called once, never in the tick of the call. Returns how to end the wait without it.
 * For connections that must bring a header: bytes that are none cannot be put back into the kernel.
 */
export function awaitExactPrefix(socket: Socket, options: CompiledProxy, done: (arrival: Arrival) => void): () => void {
  let received: Uint8Array = new Uint8Array(0);

  const cancel = (): void => {
    clearTimeout(timer);
    clearInterval(looks);
    socket.removeListener("close", close);
  };
  const settle = (arrival: Arrival): void => {
    cancel();
    done(arrival);
  };
  /** What is there of the next `size` bytes; "later" where none is. */
  const take = (size: number): Uint8Array | "later" | "ended" | "reset" => {
    const fd = descriptorOf(socket);
    if (fd === undefined) return "reset";
    try {
      const bytes = Buffer.allocUnsafe(size);
      const count = readSync(fd, bytes, 0, size, null);
      return count === 0 ? "ended" : bytes.subarray(0, count);
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === "EAGAIN" ? "later" : "reset";
    }
  };
  const look = (): void => {
    for (;;) {
      const reading = options.format.read(received, options.reading);
      if (reading.state === "header") return settle(reading);
      if (reading.state === "refused") return settle({ ...reading, seen: received });
      const taken = take(reading.missing);
      if (taken === "later") return;
      if (typeof taken === "string") return settle({ state: "refused", reason: taken, seen: received });
      received = Buffer.concat([received, taken]);
    }
  };
  const close = (): void => settle({ state: "refused", reason: "reset", seen: received });

  const looks = setInterval(look, LOOK_MS);
  const timer = setTimeout(() => settle({ state: "refused", reason: "timeout", seen: received }), options.timeoutMs);
  timer.unref();
  socket.on("close", close);
  return cancel;
}
