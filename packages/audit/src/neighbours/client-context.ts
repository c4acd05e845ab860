import { AsyncLocalStorage } from "node:async_hooks";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { EventEmitter } from "node:events";
import { IncomingMessage, type Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Resolution } from "@wherefrom/core";
import { type Handover, HANDOVER_CHANNEL, type RequestLike } from "@wherefrom/net";
import { type CarriedRequest, shared, STREAM_CHANNEL } from "@wherefrom/net/internal";
import { bindClass } from "./bound-class.ts";
import { bindEmitter, replaceEmit } from "./bound-emitter.ts";
import { endFields } from "../formats/ecs-end.ts";
import { knownResolution } from "../event/known-resolution.ts";

/** Published by node:http before any listener gets the request. node:http2 does not publish it. */
const STARTED = "http.server.request.start";

/** The request, which a middleware may give a policy later, or the Resolution given to `runWithClient`. Undefined: no request. */
type Context = { readonly request: RequestLike } | { readonly resolution: Resolution } | undefined;

const contexts = shared("contexts", () => new AsyncLocalStorage<Context>());

/** What a request's, a stream's or a connection's listeners are called in. A connection that is handed over at an upgrade becomes its request's. */
interface Place {
  context: Context;
}

/** On requests, responses, streams and sockets that are followed: their `Place`. A table of them would cost the garbage collector 2 microseconds for a request. */
const PLACE: unique symbol = Symbol.for("wherefrom.place");

interface Placed {
  [PLACE]?: Place;
}

function placeOf(self: object): Place | undefined {
  return (self as Placed)[PLACE];
}

function putAt(self: object, place: Place): void {
  (self as Placed)[PLACE] = place;
}

const servers = shared("followed-servers", () => new WeakSet());

/**
 * From now on whatever is called because of a request of a node:http or https server, or of a wrapped http2 server, finds its client by `currentClient()`: in listeners and callbacks of the request, of its response and of
 * a connection that was upgraded, however many promises and timers lie between. Other events of a connection that requests share have no client. The answer ends it. For connections and datagrams there is `runWithClient`.
 */
export function followClients(): () => void {
  const unbind = bindClasses();
  const followings = [
    [STARTED, followRequest],
    [HANDOVER_CHANNEL, followHandover],
    [STREAM_CHANNEL, followStream],
  ] as const;
  for (const [name, follow] of followings) subscribe(name, follow);
  return () => {
    for (const [name, follow] of followings) unsubscribe(name, follow);
    unbind();
  };
}

/** Methods of a response that take a callback which is called when the bytes are handed over, and not, or not in every version of Node, by an event. */
const CALLING = ["write", "end", "writeContinue", "writeProcessing", "writeEarlyHints"];

/** How many followings there are. */
let followed = 0;
let undos: readonly (() => void)[] = [];

/** Requests and responses of node:http call their listeners in the context of their request, once however often clients are followed. */
function bindClasses(): () => void {
  if (++followed === 1) {
    undos = [
      bindClass(IncomingMessage.prototype, { emitting: ["emit"], calling: [] }, runFor),
      bindClass(ServerResponse.prototype, { emitting: ["emit"], calling: CALLING }, runFor),
    ];
  }
  let isOver = false;
  return () => {
    if (isOver) return;
    isOver = true;
    if (--followed === 0) for (const undo of undos) undo();
  };
}

/** Of objects that are not followed nothing is known. */
function runFor<Result>(self: object, work: () => Result): Result {
  const place = placeOf(self);
  return place === undefined || contexts.getStore() === place.context ? work() : contexts.run(place.context, work);
}

interface Started {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly socket: Socket;
  readonly server: Server;
}

function followRequest(message: unknown): void {
  const { request, response, socket, server } = message as Started;
  if (placeOf(request) !== undefined) return;
  followSocket(socket);
  followServer(server);
  const place = { context: { request } };
  putAt(request, place);
  putAt(response, place);
}

/** The connection is this request's from now on; what is done in this very event, too. */
function followHandover(message: unknown): void {
  const { request, socket: handed } = message as Handover;
  const context = { request };
  for (const socket of new Set([request.socket, handed])) {
    const place = followSocket(socket);
    place.context = context;
  }
  if (placeOf(request) === undefined) putAt(request, { context });
  contexts.enterWith(context);
}

function followStream(message: unknown): void {
  const { stream, request } = message as CarriedRequest;
  if (placeOf(stream) !== undefined) return;
  follow(stream, { context: { request } });
  const { session } = stream;
  if (session !== undefined) followServer((session as { readonly server?: EventEmitter }).server ?? session);
}

/** Code that events of a connection call has no client: several requests may share the connection. */
function followSocket(socket: EventEmitter): Place {
  const known = placeOf(socket);
  if (known !== undefined) return known;
  const place: Place = { context: undefined };
  follow(socket, place);
  return place;
}

/** A server's listeners are called in the context of the request, or of the stream, that an event is about; else in none. */
function followServer(server: EventEmitter): void {
  if (servers.has(server)) return;
  servers.add(server);
  replaceEmit(server, (subject, emit) => contexts.run(contextOf(subject), emit));
}

function contextOf(subject: unknown): Context {
  if (typeof subject !== "object" || subject === null) return undefined;
  const { stream } = subject as { readonly stream?: object };
  return (placeOf(subject) ?? (stream === undefined ? undefined : placeOf(stream)))?.context;
}

/** An object of which there is one for many requests, or of which classes are not node:http's. */
function follow(emitter: EventEmitter, place: Place): void {
  putAt(emitter, place);
  bindEmitter(emitter, (work) => runFor(emitter, work));
}

/**
 * Calls `work`, in which, and in all that it awaits and begins, `currentClient()` is `resolution`; answers what it answers. Events of a socket are the socket's own doing: a
 * listener is in it only as `AsyncResource.bind(listener)`.
 */
export function runWithClient<Result>(resolution: Resolution, work: () => Result): Result {
  return contexts.run({ resolution }, work);
}

/** The client of the request that the running code serves; undefined outside a request, or where no policy covers the request (yet). */
export function currentClient(): Resolution | undefined {
  const context = contexts.getStore();
  if (context === undefined) return undefined;
  return "resolution" in context ? context.resolution : knownResolution(context.request);
}

/**
 * The current client in ECS's fields, `source` and `client`, for any log line: `pino({ mixin: clientFields })`, or winston's `format((info) => ({ ...info, ...clientFields() }))()`.
 * Empty where there is none.
 */
export function clientFields(): Record<string, unknown> {
  const resolution = currentClient();
  if (resolution === undefined) return {};
  const { client, method, stop, hops } = resolution;
  const end = endFields(client, hops[0]?.endpoint);
  return { source: end, client: end, wherefrom: { method, stop } };
}
