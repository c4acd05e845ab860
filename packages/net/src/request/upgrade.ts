import { channel } from "node:diagnostics_channel";
import type { IncomingMessage } from "node:http";
import type { Server } from "node:net";
import type { Duplex } from "node:stream";
import { attach } from "./attach.ts";
import { connectionOf } from "../connection/connection-of.ts";
import { CONNECTION, keepResolution, type Kept, POLICY } from "../connection/kept.ts";
import { policyOf } from "../connection/policy-of.ts";
import type { SocketLike } from "../connection/source.ts";

/** What is published on the diagnostics channel `HANDOVER_CHANNEL`, before any listener of the server's sees it. */
export interface Handover {
  readonly event: "upgrade" | "connect";
  readonly request: IncomingMessage;
  /** What listeners get: the request's socket, or (Node 26) a stream in its place where a body is still to come. */
  readonly socket: Duplex;
}

/** The name of the diagnostics channel (node:diagnostics_channel) that tells of every upgrade and CONNECT of wrapped servers. node:http has none. */
export const HANDOVER_CHANNEL = "wherefrom:handover";

const handovers = channel(HANDOVER_CHANNEL);

/** The events after which a connection is no longer HTTP's: RFC 9110, 7.8 and 9.3.6. */
const HANDOVERS = ["upgrade", "connect"] as const;

/**
 * After an upgrade (or CONNECT) the socket answers what its request answered, so that `getClientIp(socket)` inside a WebSocket server names the client.
 * Node decides by the listeners for 'upgrade' what an upgrade request is; so we listen exactly while the application does, and before it. Without a listener, Node closes the
 * connection of a CONNECT without an answer; our own listener does the same, and sees it.
 */
export function followUpgrades(server: Server): void {
  // node:http2 answers 405 without a listener.
  const isHttp1 = "maxHeadersCount" in server;
  const inherit = (request: IncomingMessage, handed: Duplex): void => {
    inheritFrom(request, handed);
    if (request.method === "CONNECT" && isHttp1 && foreigners("connect") === 0) handed.destroy();
  };
  const isOurs = (listener: unknown): boolean => listener === inherit;
  const foreigners = (event: string): number => server.listeners(event).filter((listener) => !isOurs(listener)).length;
  for (const event of HANDOVERS) {
    if (foreigners(event) > 0 || (event === "connect" && isHttp1)) server.prependListener(event, inherit);
  }
  server.on("newListener", (event, listener) => {
    if (isHandover(event) && !isOurs(listener) && !server.listeners(event).some(isOurs))
      server.prependListener(event, inherit);
  });
  server.on("removeListener", (event, listener) => {
    if (event === "upgrade" && !isOurs(listener) && foreigners(event) === 0) server.removeListener(event, inherit);
    if (event === "connect" && !isHttp1 && !isOurs(listener) && foreigners(event) === 0)
      server.removeListener(event, inherit);
  });
}

function isHandover(event: string | symbol): event is (typeof HANDOVERS)[number] {
  return event === "upgrade" || event === "connect";
}

/**
 * The socket takes over its request's Resolution, and so does the stream in its place that Node 26 gives to listeners where the request has a body that is
 * still to come.
 */
function inheritFrom(request: IncomingMessage, handed: Duplex & Kept): void {
  const { socket } = request as { readonly socket: SocketLike & Kept };
  const policy = policyOf(socket);
  if (policy === undefined) return;
  // The connection is no longer HTTP's: what its last request was answered holds until it ends, whatever a source has later. Over HTTP/2 it carries other requests.
  if (request.httpVersionMajor === 1) socket[POLICY] = policy;
  const resolution = keepResolution(socket, attach(request, policy));
  if ((handed as object) !== socket) {
    handed[POLICY] = policy;
    handed[CONNECTION] = connectionOf(socket);
    keepResolution(handed, resolution);
  }
  if (!handovers.hasSubscribers) return;
  const message: Handover = { event: request.method === "CONNECT" ? "connect" : "upgrade", request, socket: handed };
  handovers.publish(message);
}
