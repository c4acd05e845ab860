import { nearestSpelling, type PeerMatcher, peerMatcher, type Policy, WherefromError } from "@wherefrom/core";
import { PROXY_HEADER_LIMIT_BYTES } from "@wherefrom/core/wire";

/** Longest wait for a header, in milliseconds: the specification asks for 3 seconds at least, because a lost segment is sent again after one or two. */
export const PROXY_TIMEOUT_MS = 5000;

/** Most headers in a row that can be demanded: one a balancer, and nobody chains more. */
const HEADERS_LIMIT = 8;

export interface ProxyOptions {
  /**
   * Peers that may omit the header, as a policy names peers. What they send first tells: bytes that cannot begin a header, or silence until the timeout,
   * are a connection of their own. Whoever is here can choose whether to name another client, so name none but machines that the policy believes, or whose
   * own address is their true one (a health checker, the node's agent).
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
}

/** "required": every connection begins with a header. "off": none is read. Or required, with exceptions and limits. */
export type ProxyServerOption = "required" | "off" | ProxyOptions;

export interface CompiledProxy {
  readonly isOptional: PeerMatcher;
  readonly isOff: PeerMatcher;
  readonly timeoutMs: number;
  readonly limitBytes: number;
  readonly headers: number;
}

const KEYS = ["optionalFrom", "offFrom", "timeoutMs", "limitBytes", "headers"];

/**
 * Undefined for "off". Throws `ERR_WHEREFROM_INVALID_CARRIER` for what is no option or out of range, the faults of prefixes for peers, and
 * `ERR_WHEREFROM_INVALID_POLICY` where no rule of the policy says "proxy-protocol": every connection would be refused.
 */
export function compileProxy(option: ProxyServerOption, policy: Policy): CompiledProxy | undefined {
  if (option === "off") return undefined;
  const options = option === "required" ? {} : option;
  if (typeof options !== "object" || options === null) {
    throw invalid(`is "required", "off" or an object, not ${JSON.stringify(option)}`);
  }
  const unknown = Object.keys(options).find((key) => !KEYS.includes(key));
  if (unknown !== undefined) {
    const near = nearestSpelling(unknown, KEYS);
    throw invalid(
      `has no key "${unknown}"; ${near === undefined ? `"${KEYS.join('", "')}" are` : `did you mean "${near}"?`}`,
    );
  }
  const { optionalFrom = [], offFrom = [], timeoutMs, limitBytes, headers } = options;
  const compiled = {
    isOptional: peerMatcher(optionalFrom),
    isOff: peerMatcher(offFrom),
    timeoutMs: whole("timeoutMs", timeoutMs ?? PROXY_TIMEOUT_MS, 1, 0x7fff_ffff),
    limitBytes: whole("limitBytes", limitBytes ?? PROXY_HEADER_LIMIT_BYTES, 108, 16 + 0xffff),
    headers: whole("headers", headers ?? 1, 1, HEADERS_LIMIT),
  };
  if (!policy.connectionMethods.includes("proxy-protocol")) {
    throw new WherefromError(
      "ERR_WHEREFROM_INVALID_POLICY",
      `proxyProtocol: no rule believes a header, so every connection would be refused: name the balancer with { peers: ["10.0.0.0/24"], says: "proxy-protocol" }`,
    );
  }
  return compiled;
}

function whole(key: string, value: number, min: number, max: number): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw invalid(`${key} is a whole number from ${min} to ${max}, not ${JSON.stringify(value)}`);
}

function invalid(detail: string): WherefromError {
  return new WherefromError("ERR_WHEREFROM_INVALID_CARRIER", `proxyProtocol ${detail}`);
}
