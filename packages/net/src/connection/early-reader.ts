import type { Server, Socket } from "node:net";
import type { Connection } from "@wherefrom/core";
import { connectionOf, keepConnection } from "./connection-of.ts";
import { noteLineLimit } from "./header-limit.ts";
import { COLLECTED, COLLECTOR, CONNECTION, ENTERED, forgetResolution, type Kept, POLICY } from "./kept.ts";
import type { PolicyOrSource } from "./policy-at.ts";
import { keepPeerName } from "./socket-internals.ts";
import type { SocketLike } from "./source.ts";

const EARLY: unique symbol = Symbol.for("wherefrom.early");

type EarlyServer = Server & Kept & { [EARLY]?: true };

/**
 * From now on every connection is read the moment it is accepted, before any other listener sees it, and falls under the server's policy if it has
 * one by then. At most once per server, however often it is asked for.
 */
export function readEarly(server: Server): void {
  const early = server as EarlyServer;
  if (early[EARLY] === true) return;
  early[EARLY] = true;
  server.prependListener("connection", (socket) => {
    readAtAccept(early, socket);
    noteLineLimit(early, socket);
  });
  // A TLS server makes a socket over the one that it accepted, and https and http2 read requests from that one.
  if (!("setSecureContext" in server)) return;
  server.prependListener("secureConnection", (socket: Socket) => {
    noteLineLimit(early, socket);
    keepPeerName(socket);
  });
  server.prependListener("tlsClientError", (_error: Error, socket: Socket) => keepPeerName(socket));
}

/** What is known of a connection that `server` accepted, read once however often it is asked for. */
export function readAtAccept(server: Server & Kept, socket: SocketLike & Kept): Connection {
  const connection = collected(server, socket) ?? connectionOf(socket);
  // A connection that was held is judged by one policy, the one of its first moment, although `wherefrom(server, policy)` may have replaced it since.
  if (server[POLICY] !== undefined && socket[ENTERED] !== server) putUnder(server[POLICY], socket);
  return connection;
}

function collected(server: Kept, socket: SocketLike & Kept): Connection | undefined {
  const collector = server[COLLECTOR];
  if (collector === undefined || socket[COLLECTED] === true) return undefined;
  const connection = keepConnection(socket, collector.collect(socket, socket[CONNECTION]));
  socket[COLLECTED] = true;
  return connection;
}

/** A socket that one server hands to another falls under the policy of the last. */
function putUnder(policy: PolicyOrSource, socket: SocketLike & Kept): void {
  if (socket[POLICY] !== policy) forgetResolution(socket);
  socket[POLICY] = policy;
}

/** The server that accepted the socket, as Node's servers note it there; undefined for anything else. */
export function serverOf(socket: SocketLike): Server | undefined {
  const { server } = socket as { readonly server?: Partial<Server> | null };
  return typeof server?.prependListener === "function" ? (server as Server) : undefined;
}
