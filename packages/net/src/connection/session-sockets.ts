import { type Kept, POLICY } from "./kept.ts";
import type { RequestLike, SocketLike } from "./source.ts";
import { shared } from "./shared.ts";

/** What stood on the socket of an HTTP/2 session, by the stand-in that node:http2 hands out for it, which answers nothing but errors when the session is over. */
const settled = shared("session-sockets", () => new WeakMap<object, SocketLike & Kept>());

/** A request of a shim that has no socket: nothing is known of its connection. */
const NO_SOCKET: SocketLike = Object.freeze({ remoteAddress: undefined });

/** Keeps what the socket of a session answers for when the session is over. */
export function keepSessionSocket(standIn: SocketLike, kept: Kept): void {
  settled.set(standIn, { remoteAddress: undefined, ...kept });
}

/** The socket; what was kept of it, where it is one of a session that is over. */
export function liveSocket(socket: SocketLike): SocketLike & Kept {
  try {
    // Any property would do: what stands in for the socket of an ended session throws ERR_HTTP2_SOCKET_UNBOUND.
    void (socket as Kept)[POLICY];
    return socket;
  } catch {
    return settled.get(socket) ?? NO_SOCKET;
  }
}

/** The socket of a request, as it can be asked. */
export function socketOf({ socket }: RequestLike): SocketLike & Kept {
  return liveSocket((socket as SocketLike | null | undefined) ?? NO_SOCKET);
}
