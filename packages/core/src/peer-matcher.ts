import { readAddress } from "./address-reader.ts";
import { PeerSetBuilder } from "./peer-set.ts";

/** Whether an address is among the peers; an absent one, and text that is no address, is not. */
export type PeerMatcher = (address: string | undefined) => boolean;

/**
 * Tells peers that are named as a policy names them: addresses, prefixes, named ranges. For settings that treat some peers differently without believing
 * them. Throws `ERR_WHEREFROM_INVALID_PREFIX` or `ERR_WHEREFROM_HOST_BITS`.
 */
export function peerMatcher(peers: readonly string[]): PeerMatcher {
  const builder = new PeerSetBuilder();
  for (const peer of peers) builder.add(peer, 1);
  const set = builder.build();
  return (address) =>
    address !== undefined && readAddress(address, 0, address.length) && set.ownerOfFound(address) !== 0;
}
