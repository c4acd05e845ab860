import type { Endpoint } from "@wherefrom/core";
import type { SocketLike } from "./source.ts";

/** Undocumented properties of Node's sockets. Nothing else in wherefrom looks at them; where they are missing the safe answer is given. */
interface Internals {
  readonly _handle?: {
    readonly constructor?: { readonly name?: string };
    /** Fills `out` and returns 0, or returns an error's number. */
    getpeername?: (out: { address?: string; port?: number; family?: string }) => number;
    readonly _parentWrap?: { readonly stream?: SocketLike };
  } | null;
  readonly _parent?: SocketLike | null;
  /** What `getpeername` said when it was asked first. */
  _peername?: object | null | undefined;
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

/**
 * From now on `remoteAddress`, `remotePort` and `remoteFamily` name this machine, also those of a TLS socket over this one, and of what is built on either.
 * A port that nobody named is 0. Streams of somebody's own, which have no handle, keep what they say.
 */
export function overridePeer(socket: SocketLike, { address, port = 0 }: Endpoint): void {
  const internals = socket as Internals;
  const handle = internals._handle;
  if (typeof handle?.getpeername !== "function") return;
  const family = address.includes(":") ? "IPv6" : "IPv4";
  handle.getpeername = (out) => {
    out.address = address;
    out.port = port;
    out.family = family;
    return 0;
  };
  internals._peername = undefined;
}
