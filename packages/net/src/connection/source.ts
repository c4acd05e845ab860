import type { Headers } from "@wherefrom/core";

/** What a connection says of its peer. */
interface Peer {
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
}

/** A net.Socket, a tls.TLSSocket, or what stands in for one: a double of a test, light-my-request's socket. */
interface AddressedSocket extends Peer {
  readonly remoteAddress: string | undefined;
}

/** What listeners for 'upgrade' are given, which is typed as a stream of both directions; and a stream of node:http2, which answers for the request that it carries. */
interface TwoWayStream extends Peer {
  readonly readable: boolean;
  readonly writable: boolean;
}

/**
 * A net.Socket, a tls.TLSSocket, or anything that says at most what they say: an object with the key `remoteAddress`, whose value may be undefined, or a stream of both directions, with `readable` and
 * `writable`.
 */
export type SocketLike = AddressedSocket | TwoWayStream;

/** An http.IncomingMessage, an http2.Http2ServerRequest, or anything with their headers and socket. */
export interface RequestLike {
  readonly headers: Headers;
  /** Names and values in turn: where lines of one field must be read apart. Without them nothing tells that node:http left lines out. */
  readonly rawHeaders?: readonly string[] | undefined;
  readonly socket: SocketLike;
  /** The request target. */
  readonly url?: string | undefined;
  /** The request target as it came, where a framework has written another one into `url`. */
  readonly originalUrl?: string | undefined;
}

/** Who can be asked about. */
export type Source = SocketLike | RequestLike;

/** Sockets have neither. */
export function isRequest(source: object): source is RequestLike {
  return "headers" in source && "socket" in source;
}
