import type { ConnectionClaim } from "@wherefrom/core";
import { amendConnection, connectionOf, keepConnection } from "./connection-of.ts";
import { forgetResolution } from "./kept.ts";
import type { SocketLike } from "./source.ts";

/**
 * For collectors (TOA, PROXY protocol): adds a claim about this connection behind the earlier ones, nearest first. Once per claim, and
 * before the first look-up of the client: a Resolution that was made earlier keeps its answer and its proof. Whether the claim counts is the policy's to say.
 */
export function addClaim(socket: SocketLike, claim: ConnectionClaim): void {
  const connection = connectionOf(socket);
  keepConnection(socket, amendConnection(connection, { claims: [...connection.claims, claim] }));
  forgetResolution(socket);
}
