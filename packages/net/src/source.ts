import type { Headers } from "@wherefrom/core";

/** A net.Socket, a tls.TLSSocket, or anything that says at most what they say (a test's double, light-my-request's socket). */
export interface SocketLike {
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
  /** All of Node's streams have it, and the socket of an 'upgrade' event is typed as a stream. Not read. */
  readonly destroyed?: boolean;
}

/** An http.IncomingMessage, or anything with its headers and socket. */
export interface RequestLike {
  readonly headers: Headers;
  /** Names and values in turn: where lines of one field must be read apart. */
  readonly rawHeaders?: readonly string[] | undefined;
  readonly socket: SocketLike;
}

/** Who can be asked about. */
export type Source = SocketLike | RequestLike;

/** Sockets have no `socket`. Headers without a socket are no request: nobody could say who sent them. */
export function isRequest(source: Source): source is RequestLike {
  return (source as Partial<RequestLike>).socket !== undefined;
}
