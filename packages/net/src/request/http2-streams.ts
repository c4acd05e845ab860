import { channel } from "node:diagnostics_channel";
import type { IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import type { Server } from "node:net";
import type { Policy } from "@wherefrom/core";
import type { Normalizer } from "@wherefrom/core/internal";
import { connectionFor } from "../connection/connection-for.ts";
import { connectionOf } from "../connection/connection-of.ts";
import { CONNECTION, type Kept, POLICY, STREAM_REQUEST } from "../connection/kept.ts";
import { keepOriginal } from "../connection/original.ts";
import { markArrival } from "../connection/policy-at.ts";
import { givenFor, policyOf } from "../connection/policy-of.ts";
import { keepSessionSocket } from "../connection/session-sockets.ts";
import type { RequestLike, SocketLike } from "../connection/source.ts";
import { attach } from "./attach.ts";
import { tellFault } from "./header-lines.ts";
import { replaceFields, replaceLines, stripTrailers } from "./normalized-request.ts";
import { type Normalizing, normalizingOf } from "./normalizing.ts";

/** What is published on the diagnostics channel `STREAM_CHANNEL`, before any listener of the server's sees the stream. */
export interface CarriedRequest {
  readonly stream: ServerHttp2Stream;
  /** What the stream asks: `getClient(request)` is `getClient(stream)`, and that of the compatibility API's request. */
  readonly request: RequestLike;
}

/** The name of the diagnostics channel (node:diagnostics_channel) that tells of every request that a stream of a wrapped server carries. Node 20's node:http2 has none. */
export const STREAM_CHANNEL = "wherefrom:http2-stream";

const streams = channel(STREAM_CHANNEL);

/** What is asked of a socket besides. */
interface SocketNames {
  remoteAddress?: string | undefined;
  remotePort?: number | undefined;
  remoteFamily?: string | undefined;
  encrypted?: boolean | undefined;
}

type KeptStream = ServerHttp2Stream & Kept & SocketNames;

/**
 * A stream of node:http2 loses its session, and with that its socket, when it is closed or reset, and an ended session loses its socket. So every stream carries what is known of its connection
 * from its first moment, and its request: later look-ups, for the stream or for its request, give the same answer. A pushed stream answers for the request that it was pushed for.
 */
export function followStreams(server: Server): void {
  // Only node:http2's servers have sessions.
  if (!("updateSettings" in server)) return;
  server.prependListener("session", (session: ServerHttp2Session) => {
    const { socket } = session as { readonly socket: SocketLike };
    const [given, policy] = [givenFor(socket), policyOf(socket)];
    if (given === undefined || policy === undefined) return;
    keepSessionSocket(socket, { [POLICY]: given, [CONNECTION]: connectionFor(policy, socket) });
    session.prependListener("stream", (...values: StreamEvent) => keepRequest(server, ...values));
  });
}

/** What node:http2 emits with 'stream'. */
type StreamEvent = [
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  flags: number,
  rawHeaders: string[] | undefined,
];

function keepRequest(server: Server, ...[begun, headers, , rawHeaders]: StreamEvent): void {
  const stream = begun as KeptStream;
  const normalizing = normalizingOf(server);
  const socket = stream.session?.socket as (SocketLike & SocketNames) | undefined;
  const policy = socket === undefined ? undefined : policyOf(socket);
  if (socket === undefined || policy === undefined) {
    if (normalizing !== undefined) normalizeStream(stream, headers, rawHeaders, normalizing.bare, []);
    return;
  }
  const connection = connectionFor(policy, socket);
  stream[POLICY] = policy;
  stream[CONNECTION] = connection;
  const request: RequestLike =
    normalizing === undefined
      ? { headers, rawHeaders, socket: stream, url: headers[":path"] }
      : { headers: { ...headers }, rawHeaders: rawHeaders?.slice(), socket: stream, url: headers[":path"] };
  markArrival(request);
  stream[STREAM_REQUEST] = request;
  if (normalizing !== undefined) seeNormalized(stream, headers, rawHeaders, request, policy, normalizing);
  // A request's socket is its stream when the session is gone. It was encrypted still, and a client that a PROXY header has named is named still.
  if (socket.encrypted === true) stream.encrypted = true;
  if (connection.claims.length > 0) {
    const { remoteAddress, remotePort, remoteFamily } = socket;
    Object.assign(stream, { remoteAddress, remotePort, remoteFamily });
  }
  stream.pushStream = pushKept;
  if (streams.hasSubscribers) streams.publish({ stream, request } satisfies CarriedRequest);
}

/** The application's own headers become those that the policy proves; `request` keeps what came. */
function seeNormalized(
  stream: KeptStream,
  headers: IncomingHttpHeaders,
  rawHeaders: string[] | undefined,
  request: RequestLike,
  policy: Policy,
  normalizing: Normalizing,
): void {
  try {
    keepOriginal(stream, request);
    const resolution = attach(request, policy);
    const normalizer = normalizing.under(policy);
    const lines = normalizer.linesOf(resolution, request.headers, connectionOf(stream).claims.length > 0);
    normalizeStream(stream, headers, rawHeaders, normalizer, lines);
  } catch (error) {
    tellFault(error);
    normalizeStream(stream, headers, rawHeaders, normalizing.bare, []);
  }
}

function normalizeStream(
  stream: KeptStream,
  headers: IncomingHttpHeaders,
  rawHeaders: string[] | undefined,
  normalizer: Normalizer,
  lines: readonly string[],
): void {
  if (rawHeaders === undefined) replaceFields(headers, normalizer, lines);
  else replaceLines({ headers, rawHeaders }, normalizer, lines);
  stream.prependListener("trailers", (trailers: IncomingHttpHeaders, _flags: number, raw?: string[]) =>
    stripTrailers(trailers, raw, normalizer),
  );
}

/** `pushStream`, whose new streams carry what the one carries that they are pushed on. */
function pushKept(this: KeptStream, ...values: readonly unknown[]): void {
  const { pushStream } = Object.getPrototypeOf(this) as {
    readonly pushStream: (this: ServerHttp2Stream, ...values: readonly unknown[]) => void;
  };
  const told = values.at(-1);
  if (typeof told !== "function") return pushStream.call(this, ...values);
  const tell = (error: Error | null, pushed?: KeptStream, ...more: readonly unknown[]): void => {
    if (pushed !== undefined) inherit(pushed, this);
    told(error, pushed, ...more);
  };
  pushStream.call(this, ...values.slice(0, -1), tell);
}

function inherit(pushed: KeptStream, from: KeptStream): void {
  pushed[POLICY] = from[POLICY]!;
  pushed[CONNECTION] = from[CONNECTION] ?? connectionOf(from);
  pushed[STREAM_REQUEST] = from[STREAM_REQUEST]!;
}
