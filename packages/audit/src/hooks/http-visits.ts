import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { type Handover, HANDOVER_CHANNEL } from "@wherefrom/net";
import type { RequestEnding } from "../event/event.ts";
import { type HandoverAnswer, whenAnswered } from "./handover-answer.ts";
import { type LocalEnd, localEnd } from "./local-end.ts";

/** Published by node:http for every request but upgrades and CONNECT, and when a response has been handed over. node:http2 publishes neither. */
const STARTED = "http.server.request.start";
const FINISHED = "http.server.response.finish";

/** A request that has come to its end. */
export interface HttpVisit {
  readonly request: IncomingMessage;
  /** Absent for an upgrade and a CONNECT. */
  readonly response: ServerResponse | undefined;
  readonly local: LocalEnd;
  /** Undefined where it was answered. */
  readonly ending: RequestEnding | undefined;
  /** What was answered, as far as it is known. */
  readonly status: number | undefined;
}

/** What waits for its answer on one connection, in the order in which it came. */
interface Waiting {
  readonly local: LocalEnd;
  readonly responses: Map<IncomingMessage, ServerResponse>;
}

/**
 * Tells of every request of this process's node:http and https servers, once, when it ends: with its response, with an upgrade, or with its connection. The answer ends it.
 * A request that came before is told if it is answered.
 */
export function watchVisits(tell: (visit: HttpVisit) => void): () => void {
  const connections = new WeakMap<Socket, Waiting>();
  /** Requests that were told when their connection ended: what is answered afterwards reaches no client. */
  const told = new WeakSet<IncomingMessage>();

  let isOver = false;
  const tellUnlessOver = (visit: HttpVisit): void => {
    if (!isOver) tell(visit);
  };

  const waitingOn = (socket: Socket): Waiting => {
    const known = connections.get(socket);
    if (known !== undefined) return known;
    const waiting: Waiting = { local: localEnd(socket), responses: new Map() };
    connections.set(socket, waiting);
    socket.once("close", () => {
      for (const [request, response] of waiting.responses) {
        told.add(request);
        const status = response.headersSent ? response.statusCode : undefined;
        tellUnlessOver({ request, response, local: waiting.local, ending: "unanswered", status });
      }
      waiting.responses.clear();
    });
    return waiting;
  };
  const onStart = (message: unknown): void => {
    const { request, response, socket } = message as {
      request: IncomingMessage;
      response: ServerResponse;
      socket: Socket;
    };
    waitingOn(socket).responses.set(request, response);
  };
  const onFinish = (message: unknown): void => {
    const { request, response, socket } = message as {
      request: IncomingMessage;
      response: ServerResponse;
      socket: Socket;
    };
    const waiting = connections.get(socket);
    waiting?.responses.delete(request);
    if (told.has(request)) return;
    const local = waiting === undefined ? localEnd(socket) : waiting.local;
    tell({ request, response, local, ending: undefined, status: response.statusCode });
  };
  const onHandover = (message: unknown): void => {
    const { event, request } = message as Handover;
    const { socket } = request;
    const local = localEnd(socket);
    whenAnswered(socket, (answer) => {
      tellUnlessOver({ request, response: undefined, local, ending: endingOf(event, answer), status: answer.status });
    });
  };
  const listeners = [
    [STARTED, onStart],
    [FINISHED, onFinish],
    [HANDOVER_CHANNEL, onHandover],
  ] as const;
  for (const [name, listener] of listeners) subscribe(name, listener);
  return () => {
    isOver = true;
    for (const [name, listener] of listeners) unsubscribe(name, listener);
  };
}

/** What the connection became: any other answer than 101 to an upgrade, or 2xx to CONNECT, is one to a request that was refused. */
function endingOf(event: Handover["event"], { isClosed, status }: HandoverAnswer): RequestEnding | undefined {
  if (isClosed) return "unanswered";
  if (event === "upgrade") return status === undefined || status === 101 ? "upgraded" : undefined;
  return status === undefined || Math.floor(status / 100) === 2 ? "tunnelled" : undefined;
}
