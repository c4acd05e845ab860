import { checkValue } from "@wherefrom/core/internal";
import { SINK } from "../event/shapes.ts";
import type { Sink } from "./sink.ts";

/** What service managers and terminals end a process with. */
const SIGNALS = ["SIGTERM", "SIGINT"] as const;

/**
 * From now on these sinks are closed, and what waits is written, before the process ends: by SIGTERM or SIGINT, or because nothing is left to do. A signal without
 * another listener then ends the process, as it does by default. `process.exit` does not wait: close the sinks before it. Call the returned function to stop this.
 */
export function closeOnShutdown(...sinks: readonly Sink[]): () => void {
  for (const sink of sinks) checkValue("closeOnShutdown: a sink", sink, SINK);
  const close = async (): Promise<void> => {
    await Promise.all(sinks.map((sink) => sink.close()));
  };
  const onSignal = (signal: NodeJS.Signals): void => {
    const isAlone = process.listenerCount(signal) === 1;
    void close().then(() => {
      stop();
      if (isAlone) process.kill(process.pid, signal);
    });
  };
  const onBeforeExit = (): void => void close();
  const stop = (): void => {
    for (const signal of SIGNALS) process.off(signal, onSignal);
    process.off("beforeExit", onBeforeExit);
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  process.on("beforeExit", onBeforeExit);
  return stop;
}
