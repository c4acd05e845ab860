import type { Socket } from "node:net";
import { type ProxyReading, readProxyHeaders } from "@wherefrom/core/wire";
import type { CompiledProxy } from "./proxy-options.ts";
import { setReadThreshold } from "./read-threshold.ts";
import type { RefusalReason } from "./refusal.ts";

/** How the wait for a header ends: with one, without one, or not at all. */
export type Arrival =
  | Extract<ProxyReading, { state: "header" }>
  | { readonly state: "omitted" }
  | { readonly state: "refused"; readonly reason: RefusalReason };

const OMITTED: Arrival = { state: "omitted" };

/**
 * Waits for the header of a connection and takes exactly its bytes from the socket, which is then as it came, with the rest unread; `done` is called
 * once, never in the tick of the call. Nothing else may listen to the socket meanwhile. Keeps no more than the header and what came with its last byte.
 */
export function awaitProxyHeader(
  socket: Socket,
  options: CompiledProxy,
  mayOmit: boolean,
  done: (arrival: Arrival) => void,
): void {
  let received: Uint8Array | undefined;
  let isSlowed = false;

  const settle = (arrival: Arrival): void => {
    clearTimeout(timer);
    socket.removeListener("readable", read).removeListener("close", close);
    if (isSlowed && arrival.state !== "refused") setReadThreshold(socket, 1);
    // The stream forgets in the next tick that somebody read it by hand; who comes then finds it as if it were new. An error until then is ours.
    process.nextTick(() => {
      socket.removeListener("error", ignore);
      done(arrival.state !== "refused" && socket.destroyed ? { state: "refused", reason: "reset" } : arrival);
    });
  };
  const read = (): void => {
    const size = socket.readableLength;
    // 'readable' without bytes is the end of the stream. It must not be read on: a later reader could not see that it ended.
    if (size === 0) return settle({ state: "refused", reason: "ended" });
    const chunk = socket.read(size) as Uint8Array;
    received = received === undefined ? chunk : Buffer.concat([received, chunk]);
    const reading = readProxyHeaders(received, options);
    if (reading.state === "more") {
      // Who sends a header byte by byte wakes us once, not for every byte. Of one that may omit it anything may follow, and it may wait for our answer.
      if (!mayOmit) isSlowed = setReadThreshold(socket, reading.missing) || isSlowed;
      return;
    }
    if (reading.state === "header") {
      if (reading.length < received.length) socket.unshift(received.subarray(reading.length));
      return settle(reading);
    }
    if (reading.reason !== "not-proxy" || !mayOmit) return settle(reading);
    socket.unshift(received);
    settle(OMITTED);
  };
  const expire = (): void => {
    settle(mayOmit && received === undefined ? OMITTED : { state: "refused", reason: "timeout" });
  };
  const close = (): void => settle({ state: "refused", reason: "reset" });

  const timer = setTimeout(expire, options.timeoutMs).unref();
  socket.on("readable", read).on("close", close).on("error", ignore);
}

/** 'close' follows, and tells. */
function ignore(): void {}
