/** Resolves after `ms`, or at once where `signal` says that it is over. A timer of a source keeps no process alive once `isLasting` is false. */
export function pause(ms: number, signal: AbortSignal, isLasting: boolean = true): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    if (!isLasting) timer.unref();
    signal.addEventListener("abort", end);
  });
}
