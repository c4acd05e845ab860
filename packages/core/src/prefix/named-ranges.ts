import { type Prefix, readPrefix } from "./prefix.ts";

/** Names that a peer list may use for prefixes. "private" is what RFC 1918 and RFC 4193 set aside; it has no link-local and no carrier-grade NAT in it. */
export const NAMED_RANGES: Readonly<Record<string, readonly string[]>> = {
  loopback: ["127.0.0.0/8", "::1/128"],
  private: ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"],
  linklocal: ["169.254.0.0/16", "fe80::/10"],
  cgnat: ["100.64.0.0/10"],
};

/** The prefixes that an entry of a peer list stands for: its own, or those of a named range. None for a word that names no addresses ("unix"), and for text that is no prefix. */
export function namedPrefixes(text: string): readonly Prefix[] {
  const named = Object.hasOwn(NAMED_RANGES, text) ? NAMED_RANGES[text] : undefined;
  if (named !== undefined) return named.flatMap(namedPrefixes);
  const prefix = readPrefix(text);
  return typeof prefix === "string" ? [] : [prefix];
}
