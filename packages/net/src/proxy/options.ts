import type { Policy } from "@wherefrom/core";
import {
  checkOptions,
  flag,
  invalidCarrier,
  invalidPolicy,
  listOf,
  type PeerMatcher,
  peerMatcher,
  type PrefixOptions,
  type Shapes,
  STREAM_PREFIXES,
  type StreamPrefix,
  type StreamPrefixFault,
  text,
  TIMER_LIMIT_MS,
  valueText,
  whole,
} from "@wherefrom/core/internal";
import { PROXY_HEADER_LIMIT_BYTES } from "@wherefrom/core/wire";

/** Longest wait for a header, in milliseconds: the specification asks for 3 seconds at least, because a lost segment is sent again after one or two. */
export const PROXY_TIMEOUT_MS = 5000;

/** Most headers in a row that can be demanded: one for each balancer of a chain; longer chains are not known. */
const HEADERS_LIMIT = 8;

/** Which peers send a PROXY header, and its limits. */
export interface ProxyOptions {
  /**
   * Peers that may omit the header, as a policy names peers. Bytes that cannot begin a header, or silence until the timeout, mean a connection
   * without a header. These peers can choose to name another client, so list only machines that the policy trusts, or that connect with their own address
   * (a health checker, the node's agent).
   */
  readonly optionalFrom?: readonly string[] | undefined;
  /** Peers that send no header: their bytes are not looked at. */
  readonly offFrom?: readonly string[] | undefined;
  /** Longest wait for the whole header, in milliseconds. Default `PROXY_TIMEOUT_MS`. */
  readonly timeoutMs?: number | undefined;
  /** Longest header, in bytes. Default 4096. */
  readonly limitBytes?: number | undefined;
  /** Headers in a row that every connection brings: 2 where AWS NLB stands before a balancer that writes its own, or where two NLBs do. Default 1. */
  readonly headers?: number | undefined;
  /**
   * Every header names the connection's own peer: AWS NLB with `preserve_client_ip` and PROXY version 2 together, where every client is a peer. The header is taken off, and nothing in it
   * is believed, no destination and no field, but that its address and port are the peer's. Where they are not, or there is no header, the client is absent, and the process is warned.
   * No rule has to say "proxy-protocol". Default false.
   */
  readonly namesPeer?: boolean | undefined;
}

/** "required": every connection begins with a header. "off": none is read. Or required, with exceptions and limits. */
export type ProxyServerOption = "required" | "off" | ProxyOptions;

/** What a gate is told. */
export interface CompiledProxy {
  readonly format: StreamPrefix<StreamPrefixFault>;
  /** The option that it was made of, for texts. */
  readonly option: "proxyProtocol";
  readonly isOptional: PeerMatcher;
  readonly isOff: PeerMatcher;
  readonly timeoutMs: number;
  readonly namesPeer: boolean;
  readonly reading: PrefixOptions;
}

/** Shortest and longest header of the specification, in bytes: a line of version 1 (2.1), and a version 2 whose length is two bytes (2.2). */
const LIMIT_LEAST_BYTES = 108;
const LIMIT_MOST_BYTES: number = 16 + 0xffff;

const SHAPES: Shapes<ProxyOptions> = {
  optionalFrom: listOf(text),
  offFrom: listOf(text),
  timeoutMs: whole(1, TIMER_LIMIT_MS),
  limitBytes: whole(LIMIT_LEAST_BYTES, LIMIT_MOST_BYTES),
  headers: whole(1, HEADERS_LIMIT),
  namesPeer: flag,
};

/**
 * Undefined for "off". Throws `ERR_WHEREFROM_INVALID_CARRIER` for what is no option or out of range, the faults of prefixes for peers, and
 * `ERR_WHEREFROM_INVALID_POLICY` where no rule of the policy says "proxy-protocol": every connection would be refused.
 */
export function compileProxy(option: ProxyServerOption, policy: Policy): CompiledProxy | undefined {
  if (option === "off") return undefined;
  const options = option === "required" ? {} : option;
  if (typeof options !== "object" || options === null) {
    throw invalidCarrier(`proxyProtocol is "required", "off" or an object, not ${valueText(option)}`);
  }
  checkOptions<ProxyOptions>("proxyProtocol", options, SHAPES, "ERR_WHEREFROM_INVALID_CARRIER");
  const { optionalFrom = [], offFrom = [], timeoutMs, limitBytes, headers, namesPeer = false } = options;
  const compiled: CompiledProxy = {
    format: STREAM_PREFIXES["proxy-protocol"],
    option: "proxyProtocol",
    isOptional: peerMatcher(optionalFrom),
    isOff: peerMatcher(offFrom),
    timeoutMs: timeoutMs ?? PROXY_TIMEOUT_MS,
    namesPeer,
    reading: { limitBytes: limitBytes ?? PROXY_HEADER_LIMIT_BYTES, headers: headers ?? 1 },
  };
  if (namesPeer && (headers !== undefined || optionalFrom.length > 0)) {
    throw invalidCarrier(
      `proxyProtocol: namesPeer reads one header of every peer: leave out "headers" and "optionalFrom"`,
    );
  }
  if (!namesPeer && !policy.connectionMethods.includes(compiled.format.method)) {
    throw invalidPolicy(
      `proxyProtocol: no rule believes a header, so every connection would be refused: name the balancer with { peers: ["10.0.0.0/24"], says: "${compiled.format.method}" }`,
    );
  }
  return compiled;
}
