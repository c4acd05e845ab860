import { type AddressBlock, addressBlock } from "./address-block.ts";
import type { Hop } from "./claim.ts";
import type { Resolution } from "./resolution.ts";

export interface RateLimitKeyOptions {
  /**
   * How much of an IPv6 address tells one client from another. 64 (default): a link, RFC 4291, 2.5.1. 56 and 48: what providers hand to a household or an
   * office (RFC 6177), for attackers who use it. 128 counts a client anew for every address that it gives itself.
   */
  readonly ipv6PrefixLength?: 48 | 56 | 60 | 64 | 128;
}

/**
 * Whom to count a request for: `192.0.2.1`, `2001:db8:1:2::/64`. IPv4 counts whole; IPv4-mapped and NAT64 addresses count as the IPv4 host behind them.
 * Where the client is unknown its physical peer is counted (`peer 10.0.0.9`), never everybody together; a peer without an address by its kind (`peer unix`).
 */
export function rateLimitKey(resolution: Resolution, { ipv6PrefixLength = 64 }: RateLimitKeyOptions = {}): string {
  if (resolution.client !== undefined) return blockText(resolution.client.address, ipv6PrefixLength);
  // The first hop is the physical peer, always.
  const { endpoint, format } = resolution.hops[0] as Hop;
  return `peer ${endpoint === undefined ? format : blockText(endpoint.address, ipv6PrefixLength)}`;
}

function blockText(address: string, ipv6PrefixLength: number): string {
  // Endpoints hold addresses and nothing else.
  const { family, first, length } = addressBlock(address, 32, ipv6PrefixLength) as AddressBlock;
  return family === 4 || length === 128 ? first : `${first}/${length}`;
}
