/** Names that a peer list may use for prefixes. "private" is what RFC 1918 and RFC 4193 set aside; it has no link-local and no carrier-grade NAT in it. */
export const NAMED_RANGES: Readonly<Record<string, readonly string[]>> = {
  loopback: ["127.0.0.0/8", "::1/128"],
  private: ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"],
  linklocal: ["169.254.0.0/16", "fe80::/10"],
  uniquelocal: ["fc00::/7"],
  cgnat: ["100.64.0.0/10"],
};
