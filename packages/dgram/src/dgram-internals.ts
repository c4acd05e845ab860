import type { Socket } from "node:dgram";

/** The handle under a bound socket (node:internal/dgram), as far as it is used here. */
interface UdpHandle {
  readonly fd: number;
  readonly recvStop: () => number;
}

interface State {
  readonly handle?: Partial<UdpHandle> | null;
  readonly connectState?: number;
}

/** CONNECT_STATE_CONNECTED of node:dgram. */
const CONNECTED = 2;

/** What node:dgram keeps of a socket, or undefined in a runtime that keeps it elsewhere (Bun, Deno). Node 20 to 26 keep it under a symbol that has no other name. */
function stateOf(socket: Socket): State | undefined {
  const symbol = Object.getOwnPropertySymbols(socket).find(({ description }) => description === "state symbol");
  return symbol === undefined ? undefined : (socket as unknown as Record<symbol, State | undefined>)[symbol];
}

/** The handle of a bound socket, or undefined where it cannot be found: closed, or a runtime that keeps it elsewhere. */
export function handleOf(socket: Socket): UdpHandle | undefined {
  const handle = stateOf(socket)?.handle;
  if (typeof handle?.fd !== "number" || handle.fd < 0 || typeof handle.recvStop !== "function") return undefined;
  return handle as UdpHandle;
}

/** Whether the socket is connected, now: 'connect' is emitted later. Undefined in a runtime that does not show it. */
export function isConnected(socket: Socket): boolean | undefined {
  const state = stateOf(socket)?.connectState;
  return state === undefined ? undefined : state === CONNECTED;
}
