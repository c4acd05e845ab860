import type { Endpoint } from "@wherefrom/core";
import type { SocketLike } from "./source.ts";

interface PeerName {
  address?: string;
  port?: number;
  family?: string;
}

/** Undocumented properties of Node's sockets. Nothing else in wherefrom looks at them; where they are missing the safe answer is given. */
interface Internals {
  readonly _handle?: {
    readonly constructor?: { readonly name?: string };
    /** Fills `out` and returns 0, or returns an error's number. */
    getpeername?: (out: PeerName) => number;
    readonly _parentWrap?: { readonly stream?: SocketLike };
  } | null;
  readonly _parent?: SocketLike | null;
  /** Of an HTTP/2 stream, until it is closed. */
  readonly session?: { readonly socket?: SocketLike } | null | undefined;
  /** What `getpeername` said when it was asked first. */
  _peername?: PeerName | null | undefined;
}

/** Whether the socket is a Unix socket (or a Windows named pipe): its handle is a Pipe. An IP socket that has lost its address is none, nor is a closed one. */
export function isPipe(socket: SocketLike): boolean {
  return (socket as Internals)._handle?.constructor?.name === "Pipe";
}

/**
 * The socket, or (until it is closed) the custom stream, that a TLSSocket runs over, and the socket of an HTTP/2 stream; undefined for a socket that runs over
 * nothing.
 */
export function parentOf(socket: SocketLike): SocketLike | undefined {
  const { _parent, _handle, session } = socket as Internals;
  return _parent ?? _handle?._parentWrap?.stream ?? session?.socket;
}

/**
 * From now on, and when it is closed, `remoteAddress`, `remotePort` and `remoteFamily` name this machine: those of this socket, be it a TCP or a Unix one, and of a TLS socket over it,
 * of which `keepPeerName` keeps them. A port that no claim named is 0. Custom streams, which have no handle, keep their own values.
 */
export function overridePeer(socket: SocketLike, { address, port = 0 }: Endpoint): void {
  const internals = socket as Internals;
  const handle = internals._handle;
  if (handle === undefined || handle === null) return;
  const name: PeerName = { address, port, family: address.includes(":") ? "IPv6" : "IPv4" };
  // What is built over the socket asks its handle. A Unix socket's has no such method.
  handle.getpeername = (out) => {
    Object.assign(out, name);
    return 0;
  };
  internals._peername = name;
}

/** A TLS socket names the machine that the socket under it names, and goes on to when both are closed. */
export function keepPeerName(socket: SocketLike): void {
  const internals = socket as Internals;
  const name = (internals._parent as Internals | null | undefined)?._peername;
  if (name !== undefined && name !== null) internals._peername = name;
}
