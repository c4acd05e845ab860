import type { Socket } from "node:net";
import type { PrefixReading } from "@wherefrom/core/internal";
import type { CompiledProxy } from "./options.ts";
import { setReadThreshold } from "./read-threshold.ts";
import type { RefusalReason } from "./refusal.ts";

/** How the wait for a header ends: with one, without one, or not at all. */
export type Arrival =
  | Extract<PrefixReading<never>, { state: "header" }>
  | { readonly state: "omitted" }
  /** `seen`: what had come by then. */
  | { readonly state: "refused"; readonly reason: RefusalReason; readonly seen?: Uint8Array | undefined };

const OMITTED: Arrival = { state: "omitted" };

/**
 * Waits for the header of a connection and takes exactly its bytes from the socket, which is then as it came, with the rest unread; `done` is called
 * once, never in the tick of the call. Nothing else may listen to the socket meanwhile. Keeps no more than the header and what came with its last byte.
 * Returns how to end the wait without `done`, for a socket that is destroyed then.
 */
export function awaitPrefix(
  socket: Socket,
  options: CompiledProxy,
  mayOmit: boolean,
  done: (arrival: Arrival) => void,
): () => void {
  let received: Uint8Array | undefined;
  let isSlowed = false;

  const cancel = (): void => {
    clearTimeout(timer);
    socket.removeListener("readable", read).removeListener("close", close);
  };
  const settle = (arrival: Arrival): void => {
    cancel();
    if (isSlowed && arrival.state !== "refused") setReadThreshold(socket, 1);
    // The stream forgets in the next tick that it was read by hand; the next reader finds it as if it were new. An error until then is ours.
    process.nextTick(() => {
      socket.removeListener("error", ignore);
      done(arrival.state !== "refused" && socket.destroyed ? { state: "refused", reason: "reset" } : arrival);
    });
  };
  const read = (): void => {
    const size = socket.readableLength;
    // 'readable' without bytes is the end of the stream. It must not be read on: a later reader could not see that it ended.
    if (size === 0) return settle({ state: "refused", reason: "ended", seen: received });
    const chunk = socket.read(size) as Uint8Array;
    received = received === undefined ? chunk : Buffer.concat([received, chunk]);
    const reading = options.format.read(received, options.reading);
    if (reading.state === "more") {
      // A peer that sends a header byte by byte wakes us once, not for every byte. Of one that may omit it anything may follow, and it may wait for our answer.
      if (!mayOmit) isSlowed = setReadThreshold(socket, reading.missing) || isSlowed;
      return;
    }
    if (reading.state === "header") {
      if (reading.length < received.length) socket.unshift(received.subarray(reading.length));
      return settle(reading);
    }
    if (reading.reason !== options.format.absent || !mayOmit) return settle({ ...reading, seen: received });
    socket.unshift(received);
    settle(OMITTED);
  };
  const expire = (): void => {
    settle(mayOmit && received === undefined ? OMITTED : { state: "refused", reason: "timeout", seen: received });
  };
  const close = (): void => settle({ state: "refused", reason: "reset", seen: received });

  const timer = setTimeout(expire, options.timeoutMs).unref();
  socket.on("readable", read).on("close", close).on("error", ignore);
  return cancel;
}

/** 'close' follows, and tells. */
function ignore(): void {}
