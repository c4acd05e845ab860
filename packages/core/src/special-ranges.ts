import { found, readAddress } from "./address-reader.ts";
import { parsePrefix, type Prefix } from "./prefix.ts";
import type { PrefixSet } from "./prefix-set.ts";
import { PrefixSetBuilder } from "./prefix-set-builder.ts";

/** A row of IANA's special-purpose address registries (RFC 6890), with the document that set it aside. */
export interface SpecialRange {
  readonly prefix: string;
  readonly name: string;
  readonly rfc: string;
  /** Whether an address of it can be a client on the public Internet. */
  readonly global: boolean;
}

/** The registries as of 2026-11, in the order of their addresses. */
export const SPECIAL_RANGES: readonly SpecialRange[] = [
  { prefix: "0.0.0.0/8", name: "this-network", rfc: "RFC 791, 3.2", global: false },
  { prefix: "10.0.0.0/8", name: "private-use", rfc: "RFC 1918", global: false },
  { prefix: "100.64.0.0/10", name: "shared-address-space", rfc: "RFC 6598", global: false },
  { prefix: "127.0.0.0/8", name: "loopback", rfc: "RFC 1122, 3.2.1.3", global: false },
  { prefix: "169.254.0.0/16", name: "link-local", rfc: "RFC 3927", global: false },
  { prefix: "172.16.0.0/12", name: "private-use", rfc: "RFC 1918", global: false },
  { prefix: "192.0.0.0/29", name: "ipv4-service-continuity", rfc: "RFC 7335", global: false },
  { prefix: "192.0.0.8/32", name: "dummy", rfc: "RFC 7600", global: false },
  { prefix: "192.0.0.9/32", name: "port-control-protocol-anycast", rfc: "RFC 7723", global: true },
  { prefix: "192.0.0.10/32", name: "traversal-using-relays-anycast", rfc: "RFC 8155", global: true },
  { prefix: "192.0.0.170/31", name: "nat64-discovery", rfc: "RFC 8880; RFC 7050, 2.2", global: false },
  { prefix: "192.0.0.0/24", name: "ietf-protocol-assignments", rfc: "RFC 6890, 2.1", global: false },
  { prefix: "192.0.2.0/24", name: "documentation", rfc: "RFC 5737", global: false },
  { prefix: "192.31.196.0/24", name: "as112", rfc: "RFC 7535", global: true },
  { prefix: "192.52.193.0/24", name: "amt", rfc: "RFC 7450", global: true },
  { prefix: "192.88.99.2/32", name: "6a44-relay-anycast", rfc: "RFC 6751", global: false },
  { prefix: "192.88.99.0/24", name: "6to4-relay-anycast", rfc: "RFC 7526", global: false },
  { prefix: "192.168.0.0/16", name: "private-use", rfc: "RFC 1918", global: false },
  { prefix: "192.175.48.0/24", name: "as112", rfc: "RFC 7534", global: true },
  { prefix: "198.18.0.0/15", name: "benchmarking", rfc: "RFC 2544", global: false },
  { prefix: "198.51.100.0/24", name: "documentation", rfc: "RFC 5737", global: false },
  { prefix: "203.0.113.0/24", name: "documentation", rfc: "RFC 5737", global: false },
  { prefix: "224.0.0.0/4", name: "multicast", rfc: "RFC 5771", global: false },
  { prefix: "255.255.255.255/32", name: "limited-broadcast", rfc: "RFC 919", global: false },
  { prefix: "240.0.0.0/4", name: "reserved", rfc: "RFC 1112, 4", global: false },
  { prefix: "::/128", name: "unspecified", rfc: "RFC 4291, 2.5.2", global: false },
  { prefix: "::1/128", name: "loopback", rfc: "RFC 4291, 2.5.3", global: false },
  { prefix: "64:ff9b::/96", name: "nat64", rfc: "RFC 6052", global: true },
  { prefix: "64:ff9b:1::/48", name: "nat64-local", rfc: "RFC 8215", global: false },
  { prefix: "100::/64", name: "discard-only", rfc: "RFC 6666", global: false },
  { prefix: "100:0:0:1::/64", name: "dummy", rfc: "RFC 9780", global: false },
  { prefix: "2001::/32", name: "teredo", rfc: "RFC 4380", global: true },
  { prefix: "2001:1::1/128", name: "port-control-protocol-anycast", rfc: "RFC 7723", global: true },
  { prefix: "2001:1::2/128", name: "traversal-using-relays-anycast", rfc: "RFC 8155", global: true },
  { prefix: "2001:1::3/128", name: "service-registration-protocol-anycast", rfc: "RFC 9665", global: true },
  { prefix: "2001:2::/48", name: "benchmarking", rfc: "RFC 5180", global: false },
  { prefix: "2001:3::/32", name: "amt", rfc: "RFC 7450", global: true },
  { prefix: "2001:4:112::/48", name: "as112", rfc: "RFC 7535", global: true },
  { prefix: "2001:10::/28", name: "orchid", rfc: "RFC 4843", global: false },
  { prefix: "2001:20::/28", name: "orchid-v2", rfc: "RFC 7343", global: true },
  { prefix: "2001:30::/28", name: "drone-remote-id", rfc: "RFC 9374", global: true },
  { prefix: "2001:db8::/32", name: "documentation", rfc: "RFC 3849", global: false },
  { prefix: "2001::/23", name: "ietf-protocol-assignments", rfc: "RFC 2928", global: false },
  { prefix: "2002::/16", name: "6to4", rfc: "RFC 3056", global: true },
  { prefix: "2620:4f:8000::/48", name: "as112", rfc: "RFC 7534", global: true },
  { prefix: "3fff::/20", name: "documentation", rfc: "RFC 9637", global: false },
  { prefix: "5f00::/16", name: "srv6-sids", rfc: "RFC 9602", global: false },
  { prefix: "fc00::/7", name: "unique-local", rfc: "RFC 4193", global: false },
  { prefix: "fe80::/10", name: "link-local", rfc: "RFC 4291, 2.5.6", global: false },
  { prefix: "ff00::/8", name: "multicast", rfc: "RFC 4291, 2.7", global: false },
];

let rows: PrefixSet | undefined;

/** The narrowest registry row that holds the address, or undefined for ordinary global unicast and for text that is no address. */
export function specialRangeOf(address: string): SpecialRange | undefined {
  rows ??= buildRows();
  if (!readAddress(address, 0, address.length)) return undefined;
  const owner = found.family === 4 ? rows.find4(found.w0) : rows.find6(found.w0, found.w1, found.w2, found.w3);
  return SPECIAL_RANGES[(owner >>> 8) - 1];
}

function buildRows(): PrefixSet {
  const builder = new PrefixSetBuilder();
  for (const [index, row] of SPECIAL_RANGES.entries()) {
    builder.add(parsePrefix(row.prefix) as Prefix, index + 1);
  }
  return builder.build();
}
