/** The rule under which a connection's peer falls, kept with the connection, so that a keep-alive connection asks once. Another policy, or another peer, is asked anew. */
export interface PeerMemory {
  /** The policy that was asked. It is compared by identity, and never read. */
  policy: object | undefined;
  /** The peer that was looked up. */
  peer: string | undefined;
  /** What the policy answered: a `Match` of its `peers`. The walk alone reads it. */
  match: number;
}

/** A memory that knows nothing yet. */
export function createPeerMemory(): PeerMemory {
  return { policy: undefined, peer: undefined, match: 0 };
}
