import { covers, parseEndpoint, parsePrefix } from "@wherefrom/core";
import { peerMatcher } from "@wherefrom/core/internal";

/** An address of a documentation range that no probe makes up: it stands for a client of whom no policy knows. */
export const OUTSIDER = "198.51.100.77";

/** The canonical text of an address or an endpoint; undefined for anything else. */
export function canonical(text: string | undefined): string | undefined {
  return text === undefined ? undefined : parseEndpoint(text)?.address;
}

/** Whether an address is among `peers`, which are named as in a policy. Peers that are no addresses ("unix") and those that do not parse hold none. */
export function isInside(peers: readonly string[], address: string | undefined): boolean {
  const named = peers.filter((peer) => peer !== "unix" && peer !== "unverified");
  if (named.length === 0 || address === undefined) return false;
  try {
    return peerMatcher(named)(address);
  } catch {
    return named.length > 1 && named.some((peer) => isInside([peer], address));
  }
}

/** Ranges that are not reached over the internet (RFC 6890). Documentation ranges are taken as public here: test sites use them as such, and made-up addresses are told apart by themselves. */
const NOT_PUBLIC = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "224.0.0.0/4",
  "240.0.0.0/4",
  "::1/128",
  "fc00::/7",
  "fe80::/10",
  "ff00::/8",
].flatMap((text) => parsePrefix(text) ?? []);

/** Whether an address can be that of a client on the internet. */
export function isPublic(address: string): boolean {
  return !NOT_PUBLIC.some((prefix) => covers(prefix, address));
}
