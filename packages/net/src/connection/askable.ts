import { STREAM_REQUEST } from "./kept.ts";
import { notASource } from "./not-a-source.ts";
import { liveSocket } from "./session-sockets.ts";
import { isRequest, type RequestLike, type Source } from "./source.ts";

/** Where frameworks have the request of node:http that their own one wraps: Fastify, Koa. */
interface Wrapper {
  readonly raw?: unknown;
  readonly req?: unknown;
}

/**
 * What is asked about where `asked` was given `source`: an HTTP/2 stream is asked about the request that it carries, a framework's request about the one that it wraps. Throws
 * `ERR_WHEREFROM_NOT_A_SOURCE` for what lacks the means to know who sent it: a request has `headers` and `socket`, a socket has `remoteAddress`, or is a stream of both directions at least.
 * Nothing is judged by its class: light-my-request, shims of serverless platforms and frozen objects are what they say.
 */
export function askable(asked: string, source: Source): Source {
  if (typeof source !== "object" || source === null) throw notASource(asked, source);
  if (isRequest(source)) return source.rawHeaders === undefined ? (wrapped(source) ?? source) : source;
  const socket = liveSocket(source);
  const carried = socket[STREAM_REQUEST];
  if (carried !== undefined) return carried;
  if ("remoteAddress" in socket || isTwoWay(socket as StreamLike)) return socket;
  throw notASource(asked, source);
}

/** What is looked at of a stream. */
interface StreamLike {
  readonly readable?: boolean;
  readonly writable?: boolean;
  readonly socket?: unknown;
}

/**
 * Whether it goes both ways, as a connection does: listeners for 'upgrade' are given a stream without an address by Node 26, and a client's body decides that. Properties are read, because `in`
 * says of the stand-in for the socket of an HTTP/2 session what it says of the session. A response and a session are over a socket, and are none.
 */
function isTwoWay({ socket, readable, writable }: StreamLike): boolean {
  return socket === undefined && readable !== undefined && writable !== undefined;
}

/** The same for what must be a request. */
export function askableRequest(asked: string, source: RequestLike): RequestLike {
  const found = askable(asked, source);
  if (isRequest(found)) return found;
  throw notASource(asked, source);
}

/** The request that has the lines of these very headers. */
function wrapped(request: RequestLike): RequestLike | undefined {
  const inner = innerRequest(request);
  return inner?.rawHeaders !== undefined && inner.headers === request.headers ? inner : undefined;
}

/** The request of node:http in a framework's own one. */
export function innerRequest(request: RequestLike & Wrapper): RequestLike | undefined {
  const inner = request.raw ?? request.req;
  return typeof inner === "object" && inner !== null && isRequest(inner) ? inner : undefined;
}
