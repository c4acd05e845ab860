import { parsePrefix, type Prefix } from "@wherefrom/core";

/** Ranges that are for examples and measurements alone: RFC 5737, RFC 3849, RFC 9637, RFC 2544. */
export const DOCUMENTATION: readonly Prefix[] = prefixes(
  "192.0.2.0/24",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "198.18.0.0/15",
  "2001:db8::/32",
  "3fff::/20",
);

/** Ranges from which the internet is not reached: IANA's registries of special-purpose addresses (RFC 6890), read in November 2026. */
export const NOT_PUBLIC: readonly Prefix[] = [
  ...DOCUMENTATION,
  ...prefixes(
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.168.0.0/16",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "::/128",
    "::1/128",
    "64:ff9b:1::/48",
    "100::/64",
    "fc00::/7",
    "fe80::/10",
    "ff00::/8",
  ),
];

function prefixes(...texts: readonly string[]): readonly Prefix[] {
  return texts.map((text) => parsePrefix(text) as Prefix);
}
