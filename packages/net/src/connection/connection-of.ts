import type { Connection } from "@wherefrom/core";
import { createPeerMemory } from "@wherefrom/core/internal";
import { CONNECTION, type Kept } from "./kept.ts";
import { isPipe, parentOf } from "./socket-internals.ts";
import type { SocketLike } from "./source.ts";

/**
 * What is known of the socket's connection: read at the first call and kept on the socket, because a peer read late is undefined.
 * A TLS socket answers what was kept on the socket that it runs over. Call it at 'connection' to be early; `wherefrom(server, policy)` does.
 */
export function connectionOf(socket: SocketLike): Connection {
  return (socket as Kept)[CONNECTION] ?? keepConnection(socket, inherited(socket) ?? readConnection(socket));
}

/** Puts `connection` in the place of what was kept. What is frozen keeps nothing, and is read again. */
export function keepConnection(socket: SocketLike, connection: Connection): Connection {
  if (Object.isExtensible(socket)) (socket as Kept)[CONNECTION] = connection;
  return connection;
}

/** A copy with changes. (A connection may have getters, which a spread would lose.) What was remembered of one peer is nothing that another one may inherit. */
export function amendConnection(connection: Connection, changes: Partial<Connection>): Connection {
  const { transport, peer, peerPort, claims, certificate } = connection;
  const isPeerKept = !("peer" in changes) || changes.peer === peer;
  const memory = isPeerKept ? connection.memory : createPeerMemory();
  return { transport, peer, peerPort, claims, certificate, memory, ...changes };
}

function inherited(socket: SocketLike): Connection | undefined {
  const parent = parentOf(socket);
  return parent === undefined ? undefined : connectionOf(parent);
}

/** "unix" only where the handle says so. A client that resets right after connecting leaves a TCP socket without an address, not a Unix socket. */
function readConnection(socket: SocketLike): Connection {
  // Shims of serverless platforms say null where they know none.
  const peer = socket.remoteAddress ?? undefined;
  return {
    transport: peer === undefined && isPipe(socket) ? "unix" : "tcp",
    peer,
    peerPort: peer === undefined ? undefined : socket.remotePort,
    claims: [],
    certificate: undefined,
    memory: createPeerMemory(),
  };
}
