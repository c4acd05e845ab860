/** Undocumented: where Node keeps the file descriptor of a TCP handle. */
interface Handle {
  readonly _handle?: { readonly fd?: unknown } | null;
}

/**
 * The file descriptor of a socket or a listening server in this tick, or undefined: closed (the handle is gone, or its fd negative), without one
 * (Windows, a cluster worker under round-robin, a custom stream), or no descriptor at all. Never keep it: numbers are reused.
 */
export function descriptorOf(holder: object): number | undefined {
  const fd = (holder as Handle)._handle?.fd;
  return typeof fd === "number" && fd >= 0 ? fd : undefined;
}
