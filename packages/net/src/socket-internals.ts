import type { SocketLike } from "./source.ts";

/** Undocumented properties of Node's sockets. Nothing else in wherefrom looks at them; where they are missing the safe answer is given. */
interface Internals {
  readonly _handle?: {
    readonly constructor?: { readonly name?: string };
    readonly _parentWrap?: { readonly stream?: SocketLike };
  } | null;
  readonly _parent?: SocketLike | null;
}

/** Whether the socket is a Unix socket (or a Windows named pipe): its handle is a Pipe. An IP socket that has lost its address is none, nor is a closed one. */
export function isPipe(socket: SocketLike): boolean {
  return (socket as Internals)._handle?.constructor?.name === "Pipe";
}

/** The socket, or (until it is closed) the stream of somebody's own, that a TLSSocket runs over; undefined for a socket that runs over nothing. */
export function parentOf(socket: SocketLike): SocketLike | undefined {
  const { _parent, _handle } = socket as Internals;
  return _parent ?? _handle?._parentWrap?.stream;
}
