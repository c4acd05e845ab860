import type { Policy } from "./policy.ts";

/** The rule under which a connection's peer falls, kept with the connection: a peer never changes, so a keep-alive connection asks once. */
export interface PeerMemory {
  policy: Policy | undefined;
  owner: number;
}

export function createPeerMemory(): PeerMemory {
  return { policy: undefined, owner: 0 };
}
