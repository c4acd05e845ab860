import type { Server, Socket } from "node:net";
import { GATE, type Kept } from "../connection/kept.ts";
import { ProxyGate, type ProxyStatus } from "./gate.ts";
import type { CompiledProxy } from "./options.ts";

const GATED: unique symbol = Symbol.for("wherefrom.gated");

type GatedServer = Server & Kept & { [GATED]?: true };

/**
 * Holds the server's connections from now on until their headers are read. It stands before 'connection' is emitted, because every kind of server (tls,
 * http, http2) begins there, and so do all listeners, whenever they are added.
 */
export function requireProxyHeaders(server: GatedServer, options: CompiledProxy): void {
  server[GATE] = new ProxyGate(server, options);
  if (server[GATED] === true) return;
  server[GATED] = true;
  const emit = server.emit.bind(server) as (event: string | symbol, ...values: unknown[]) => boolean;
  const enter = (socket: Socket): void => void emit("connection", socket);
  server.emit = (event: string | symbol, ...values: unknown[]): boolean =>
    (event === "connection" && server[GATE]?.hold(values[0] as Socket, enter) === true) || emit(event, ...values);
  closeHeldWithAll(server);
}

/** `closeAllConnections()` of node:http knows the connections that its parser has seen; a held one is closed with them. */
function closeHeldWithAll(server: GatedServer & { closeAllConnections?: () => void }): void {
  const { closeAllConnections } = server;
  if (closeAllConnections === undefined) return;
  server.closeAllConnections = (): void => {
    if (server[GATE] instanceof ProxyGate) server[GATE].closeHeld();
    closeAllConnections.call(server);
  };
}

/** What became of the connections of `wherefrom(server, policy, { proxyProtocol })`; undefined for a server without it. */
export function proxyStatus(server: Server): ProxyStatus | undefined {
  const gate = (server as Kept)[GATE];
  return gate instanceof ProxyGate ? gate.status : undefined;
}
