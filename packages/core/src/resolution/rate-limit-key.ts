import { type AddressBlock, addressBlock } from "../prefix/block.ts";
import type { Hop } from "../evidence/claim.ts";
import { checkOptions } from "../options/check.ts";
import { type Shapes, whole } from "../options/shape.ts";
import { isProbe } from "./probe.ts";
import type { Resolution } from "./resolution.ts";

/** How much of an address is one client. */
export interface RateLimitKeyOptions {
  /**
   * How much of an IPv6 address tells one client from another. 64 (default): a link, RFC 4291, 2.5.1. 56 and 48: what providers hand to a household or an
   * office (RFC 6177), for attackers who use it. 128 counts a client anew for every address that it gives itself.
   */
  readonly ipv6PrefixLength?: 48 | 56 | 60 | 64 | 128;
}

const DEFAULTS: RateLimitKeyOptions = {};
/** Every length has a meaning; the type names the usual ones. */
const SHAPES: Shapes<RateLimitKeyOptions> = { ipv6PrefixLength: whole(1, 128) };

let probesCounted = 0;

/**
 * Whom to count a request for: `192.0.2.1`, `2001:db8:1:2::/64`. IPv4 counts whole; IPv4-mapped and NAT64 addresses count as the IPv4 host behind them.
 * Where the client is unknown its physical peer is counted (`peer 10.0.0.9`), never everybody together; a peer without an address by its kind (`peer unix`).
 * Each verified probe of the doctor has a key of its own, which no other request has (`probe 17`).
 */
export function rateLimitKey(resolution: Resolution, options: RateLimitKeyOptions = DEFAULTS): string {
  // It is asked for every request.
  if (options !== DEFAULTS) checkOptions<RateLimitKeyOptions>("rateLimitKey", options, SHAPES);
  const { ipv6PrefixLength = 64 } = options;
  if (isProbe(resolution)) return `probe ${++probesCounted}`;
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
