import { readFileSync } from "node:fs";
import { WherefromError } from "@wherefrom/core";
import { peerMatcher, type PeerMatcher } from "@wherefrom/core/internal";
import type { Place } from "../event/place.ts";

/** What a network is. `egress`: the operator's own, such as the company's VPN, whose place says nothing. `mobile`: its place says nothing either. `hosting`, `vpn`: users seldom log in from there, attackers do. */
export type NetworkKind = "egress" | "mobile" | "vpn" | "hosting";

const KINDS: readonly NetworkKind[] = ["egress", "mobile", "vpn", "hosting"];

/** Tells what the network of an address is, where it is listed. */
export type NetworkLookup = (address: string, place: Place | undefined) => NetworkKind | undefined;

/**
 * Reads a list of networks, one a line: a kind, and a prefix, an address or a system, such as `hosting AS64500` or `egress 203.0.113.0/24`. `#` begins a comment. Throws
 * `ERR_WHEREFROM_INVALID_OPTION` for a line that is none, `ERR_WHEREFROM_INVALID_PREFIX` for a prefix that is none, and what node:fs throws.
 */
export function readNetworks(path: string, egress: readonly (string | number)[] = []): NetworkLookup {
  return compileNetworks([...linesOf(path), ...egress.map((each) => ["egress", String(each)] as const)]);
}

/** Of the operator's own egress alone: prefixes, and systems as numbers or as `AS64500`. */
export function egressNetworks(egress: readonly (string | number)[]): NetworkLookup {
  return compileNetworks(egress.map((each) => ["egress", String(each)] as const));
}

function* linesOf(path: string): Generator<readonly [NetworkKind, string]> {
  for (const [index, line] of readFileSync(path, "utf8").split("\n").entries()) {
    const [kind = "", network, ...rest] = line.replace(/#.*/, "").trim().split(/\s+/);
    if (kind === "") continue;
    if (!KINDS.includes(kind as NetworkKind) || network === undefined || rest.length > 0) {
      throw new WherefromError(
        "ERR_WHEREFROM_INVALID_OPTION",
        `networks: line ${index + 1} of the file is not a kind (${KINDS.join(", ")}) and a network; write: hosting AS64500`,
      );
    }
    yield [kind as NetworkKind, network];
  }
}

function compileNetworks(entries: readonly (readonly [NetworkKind, string])[]): NetworkLookup {
  const asns = new Map<number, NetworkKind>();
  const prefixes = new Map<NetworkKind, string[]>();
  for (const [kind, network] of entries) {
    const [, digits] = /^(?:AS)?(\d+)$/i.exec(network) ?? [];
    if (digits !== undefined) asns.set(Number(digits), kind);
    else prefixes.set(kind, [...(prefixes.get(kind) ?? []), network]);
  }
  const matchers = KINDS.flatMap((kind): [NetworkKind, PeerMatcher][] => {
    const list = prefixes.get(kind);
    return list === undefined ? [] : [[kind, peerMatcher(list)]];
  });
  return (address, place) => {
    for (const [kind, matches] of matchers) if (matches(address)) return kind;
    return place?.asn === undefined ? undefined : asns.get(place.asn);
  };
}
