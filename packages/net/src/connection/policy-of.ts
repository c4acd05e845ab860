import type { Policy } from "@wherefrom/core";
import { currentPolicy } from "@wherefrom/core/internal";
import { COLLECTOR, GATE, type Kept, POLICY } from "./kept.ts";
import type { PolicyOrSource } from "./policy-at.ts";
import { parentOf } from "./socket-internals.ts";
import type { SocketLike } from "./source.ts";

/**
 * The policy of the server that the socket came in through. A TLS socket has that of the socket under it. A connection that was there before its server was wrapped is answered by the server's policy,
 * as far as that needs nothing that is read when a connection comes.
 */
export function policyOf(socket: SocketLike): Policy | undefined {
  const given = givenFor(socket);
  return given === undefined ? undefined : currentPolicy(given);
}

/** The same as it was given to the server: a source is asked for each request. */
export function givenFor(socket: SocketLike): PolicyOrSource | undefined {
  return keptPolicy(socket) ?? laterPolicy(socket);
}

/** The same without those: what a wrapped server has noted on the connection when it came. */
export function keptPolicy(socket: SocketLike): PolicyOrSource | undefined {
  const policy = (socket as Kept)[POLICY];
  if (policy !== undefined) return policy;
  const parent = parentOf(socket);
  return parent === undefined ? undefined : keptPolicy(parent);
}

function laterPolicy(socket: SocketLike): PolicyOrSource | undefined {
  const { server } = socket as { readonly server?: Kept | null };
  if (server !== undefined && server !== null) {
    return server[COLLECTOR] === undefined && server[GATE] === undefined ? server[POLICY] : undefined;
  }
  const parent = parentOf(socket);
  return parent === undefined ? undefined : laterPolicy(parent);
}
