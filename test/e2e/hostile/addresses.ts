import type { Dice } from "./dice.ts";

/** Who an address belongs to. No two kinds share a range, so that an address tells whose it is. */
export type Kind = "proxy" | "edge" | "stranger" | "node" | "client" | "victim";

/** First two octets of the IPv4 range of each kind, on a real network and where the peer must be an address of loopback; first groups of the IPv6 range. */
const RANGES: Readonly<Record<Kind, { readonly far: string; readonly loopback: string; readonly six: string }>> = {
  /** The operator's own machines. */
  proxy: { far: "10.1", loopback: "127.1", six: "fd00:1:1" },
  /** A CDN's, shared by all of its customers. */
  edge: { far: "198.51", loopback: "127.9", six: "2001:db8:cd" },
  /** Proxies that the operator does not know. */
  stranger: { far: "172.20", loopback: "127.77", six: "2001:db8:57" },
  /** Nodes of the cluster, which put their own address in the place of the client's. */
  node: { far: "10.99", loopback: "127.99", six: "fd00:99:1" },
  client: { far: "203.0", loopback: "127.200", six: "2001:db8:c" },
  /** Whom the attacker would like to be. */
  victim: { far: "6.6", loopback: "127.66", six: "2001:db8:bad" },
};

/** Prefixes that hold every address of a kind, and nobody else's. */
export function rangesOf(kind: Kind): readonly string[] {
  const { far, loopback, six } = RANGES[kind];
  return [`${far}.0.0/16`, `${loopback}.0.0/16`, `${six}::/48`];
}

/** All prefixes of both families. */
export const EVERYWHERE = ["0.0.0.0/0", "::/0"];

/** An address of this kind in canonical text. `isLocal`: one that a socket can be bound to here. */
export function drawAddress(dice: Dice, kind: Kind, isLocal: boolean): string {
  const { far, loopback, six } = RANGES[kind];
  if (isLocal) return `${loopback}.${dice.below(256)}.${dice.between(1, 254)}`;
  return dice.oneIn(3)
    ? `${six}:${dice.between(1, 0xffff).toString(16)}::${dice.between(1, 0xffff).toString(16)}`
    : `${far}.${dice.below(256)}.${dice.between(1, 254)}`;
}

/** One of the prefixes by which an operator names the machine: alone, with its neighbours, or as IPv4-mapped. */
export function drawPrefix(dice: Dice, address: string): string {
  if (address.includes(":")) {
    return dice.pick([address, `${address}/128`, `${address.slice(0, address.indexOf("::"))}::/64`]);
  }
  const [a, b, c] = address.split(".");
  return dice.pick([address, `${address}/32`, `${a}.${b}.${c}.0/24`, `${a}.${b}.0.0/16`, `::ffff:${address}/128`]);
}

/** The address as some machine writes it: all of these are the same address. */
export function spell(dice: Dice, address: string): string {
  if (!dice.oneIn(4)) return address;
  if (!address.includes(":")) {
    return dice.pick([`::ffff:${address}`, `::FFFF:${address}`, `::ffff:${hexWords(address)}`]);
  }
  return dice.pick([address.toUpperCase(), expand(address), expand(address).toUpperCase()]);
}

function hexWords(address: string): string {
  const [a = 0, b = 0, c = 0, d = 0] = address.split(".").map(Number);
  return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
}

function expand(address: string): string {
  const [head = "", tail = ""] = address.split("::");
  const [left, right] = [head.split(":"), tail === "" ? [] : tail.split(":")];
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => "0");
  return [...left, ...zeros, ...right].map((group) => group.padStart(4, "0")).join(":");
}

/** `address:port` as lists want it, IPv6 in brackets. */
export function withPort(address: string, port: number): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
