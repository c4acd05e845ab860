import type { Endpoint } from "../address/endpoint.ts";
import type { ConnectionMethod, Method } from "./method.ts";

/** A type-length-value field of a PROXY v2 header, as carried. */
export interface Tlv {
  /** Its type byte. */
  readonly type: number;
  /** Its bytes. */
  readonly value: Uint8Array;
}

/** What a machine said about a connection or datagram, outside of any request. Collectors make these; `resolve` decides whether they count. */
export interface ConnectionClaim {
  /** The carrier. */
  readonly method: ConnectionMethod;
  /** The wire detail, e.g. "proxy-v2", "toa-254". */
  readonly format: string;
  /** What stood on the wire, for the proof: the line of a PROXY v1 header, the option's bytes as hex. */
  readonly raw: string;
  /**
   * "address": `endpoint` is the claim. "self": the machine speaks for itself (PROXY v2 LOCAL).
   * "unknown": it says that it does not know (PROXY v1 UNKNOWN, v2 AF_UNSPEC). "malformed": the bytes were no claim.
   */
  readonly says: "address" | "self" | "unknown" | "malformed";
  /** Where `reason` is "conflict": the claims that different readers read from the same packet, of which one at most is right. The walk stops at `conflict`. */
  readonly rivals?: readonly ConnectionClaim[] | undefined;
  /** Why the bytes were no claim, where `says` is "malformed": a word of the parser's closed set, e.g. "several". */
  readonly reason?: string | undefined;
  /** What is odd about a claim that counts all the same: words of the parser's closed set. Each becomes a warning `claim-odd`. */
  readonly oddities?: readonly string[] | undefined;
  /** Address text in any valid spelling, and the port if one was named. Present exactly where `says` is "address". */
  readonly endpoint?: Endpoint | undefined;
  /**
   * How the forwarded connection ran, where the carrier tells it (PROXY v2, specification 2.2), whatever carries the claim: dnsdist writes "stream" into a datagram for a DoH client. A
   * client of "datagram" may have forged its address before the balancer saw it: its verdict is `forgeable`.
   */
  readonly transport?: "stream" | "datagram" | undefined;
  /** What the client connected to, where the carrier tells it. */
  readonly destination?: Endpoint | undefined;
  /** The client's virtual network (VPC id, VNI), where the carrier tells it: private addresses are unique within one. */
  readonly vpcId?: number | undefined;
  /** Fields of a PROXY v2 header. */
  readonly tlvs?: readonly Tlv[] | undefined;
  /** Set where the claim was not on this datagram but is remembered from an earlier one of its flow. */
  readonly via?: "flow" | undefined;
  /** Age of a remembered claim in milliseconds. */
  readonly ageMs?: number | undefined;
}

/**
 * Why a hop was, or was not, believed. UDP sources can be spoofed by any host that can send a packet: their verdicts say so, of the peer and of a client
 * that a claim of the transport "datagram" names.
 */
export type Verdict =
  | { readonly trusted: true; readonly rule: string; readonly forgeable?: true }
  | { readonly trusted: false; readonly reason: Distrust; readonly forgeable?: true };

/**
 * "no-rule": no rule names this machine. "not-an-address": there is nothing that a rule could name.
 * "demand-unmet": a rule names it, but not the `with` that the rule demands. "hop-count": it is the n-th claim, where the policy counts n machines.
 * "peer-unverified": a kernel module may have hidden the transport peer, and no packet could name it. "headers-cut": the header that the rule demands may be among those that were left out.
 */
export type Distrust = (typeof DISTRUSTS)[number];

/** Every reason; docs/reference/answers.md has them all. */
export const DISTRUSTS = [
  "no-rule",
  "not-an-address",
  "demand-unmet",
  "hop-count",
  "peer-unverified",
  "headers-cut",
] as const;

/** One machine on the path, as the hop before it (nearer to us) reported it. */
export interface Hop {
  /** How it was learned. */
  readonly method: Method;
  /** The wire detail, e.g. "proxy-v2", "toa-254", "cf-connecting-ip". */
  readonly format: string;
  /** The text of the claim as it came. */
  readonly raw: string;
  /** Undefined where the text is no address, or the peer has none (a Unix socket). */
  readonly endpoint: Endpoint | undefined;
  /** Whether it was believed, and why. */
  readonly verdict: Verdict;
  /** The connection claim that this hop was read from, with its destination and TLVs. */
  readonly claim?: ConnectionClaim;
  /** What is odd about an element of Forwarded that counts all the same: "bad-parameter", "repeated-parameter", "bare-ipv6". Each becomes a warning `claim-odd`. */
  readonly oddities?: readonly string[];
}

/**
 * Why the walk towards the client ended.
 * - `untrusted-hop`: at a machine that no rule names. It is the client.
 * - `path-exhausted`: every machine was believed, and what the farthest said was read to its end. It is the client.
 * - `carrier-absent`: a machine that must say something did not. The client is unknown.
 * - `headers-cut`: a machine says something in a header, and lines of the headers were left out before they reached us. The client is unknown.
 * - `malformed-hop`: at text that is not a valid address. `anonymous-hop`: at `unknown` or an obfuscated identifier (RFC 7239), or PROXY UNKNOWN.
 * - `conflict`: a header that has one value had several, or carriers that must agree did not.
 * - `hop-limit`: the path is longer than `HOP_LIMIT`, or the list longer than `ELEMENT_LIMIT`.
 * - `address-lost`: at a machine of the infrastructure, which is never a client: something rewrote the address.
 * - `self`: the balancer itself asked (PROXY LOCAL, health checks).
 * - `no-peer`: the socket was gone before its peer could be read.
 */
export type Stop = (typeof STOPS)[number];

/** Every stop; docs/reference/answers.md has them all. */
export const STOPS = [
  "untrusted-hop",
  "path-exhausted",
  "carrier-absent",
  "headers-cut",
  "malformed-hop",
  "anonymous-hop",
  "conflict",
  "hop-limit",
  "address-lost",
  "self",
  "no-peer",
] as const;
