import { setImmediate } from "node:timers/promises";

/** How long work goes on in one turn of the event loop, in milliseconds: a request waits no longer for it, but for the longest step. */
const TURN_MS = 4;

/** Runs steps to their end, a few in each turn of the event loop. Rejects with what a step throws, and where `signal` says that it is over. */
export async function inTurns<Result>(steps: Generator<undefined, Result>, signal: AbortSignal): Promise<Result> {
  for (;;) {
    const until = performance.now() + TURN_MS;
    do {
      const { done, value } = steps.next();
      if (done === true) return value;
    } while (performance.now() < until);
    await setImmediate();
    signal.throwIfAborted();
  }
}
