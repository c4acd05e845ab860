import { FoundAddress } from "../address/found.ts";
import { readAddress } from "../address/reader.ts";
import { checkValue } from "../options/check.ts";
import { listOf, text } from "../options/shape.ts";
import { NO_MATCH } from "./match.ts";
import { PeerSetBuilder } from "./peer-set.ts";

const found = new FoundAddress();

/** Whether an address is among the peers; an absent one, and text that is no address, is not. */
export type PeerMatcher = (address: string | undefined) => boolean;

const PEERS = listOf(text);

/**
 * Tells peers that are named as a policy names them: addresses, prefixes, named ranges. For settings that treat some peers differently without believing
 * them. Throws `ERR_WHEREFROM_INVALID_PREFIX` or `ERR_WHEREFROM_HOST_BITS`.
 */
export function peerMatcher(peers: readonly string[]): PeerMatcher {
  checkValue("peerMatcher: the peers", peers, PEERS, "ERR_WHEREFROM_INVALID_PREFIX");
  const builder = new PeerSetBuilder();
  for (const peer of peers) builder.add(peer, 1);
  const set = builder.build();
  return (address) =>
    address !== undefined && readAddress(found, address, 0, address.length) && set.match(found, address) !== NO_MATCH;
}
