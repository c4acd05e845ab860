import type { Socket } from "node:dgram";

/** The handle under a bound socket (node:internal/dgram), as far as it is used here. */
interface UdpHandle {
  readonly fd: number;
  readonly recvStop: () => number;
}

interface State {
  readonly handle?: Partial<UdpHandle> | null;
}

/**
 * The handle of a bound socket, or undefined where it cannot be found: closed, or a runtime that keeps it elsewhere (Bun, Deno). Node 20 to 26 keep it under a symbol
 * that has no other name.
 */
export function handleOf(socket: Socket): UdpHandle | undefined {
  const symbol = Object.getOwnPropertySymbols(socket).find(({ description }) => description === "state symbol");
  const handle =
    symbol === undefined ? undefined : (socket as unknown as Record<symbol, State | undefined>)[symbol]?.handle;
  if (typeof handle?.fd !== "number" || handle.fd < 0 || typeof handle.recvStop !== "function") return undefined;
  return handle as UdpHandle;
}
