import type { ConnectionMethod, Policy } from "@wherefrom/core";
import {
  checkOptions,
  DATAGRAM_PREFIXES,
  type DatagramPrefix,
  type DatagramPrefixName,
  flag,
  hintAt,
  invalidCarrier,
  invalidPolicy,
  oneOf,
  required,
  type Shapes,
  TIMER_LIMIT_MS,
  UDP_PRODUCT_NAMES,
  whole,
} from "@wherefrom/core/internal";
import { compileUdpProduct, type CustomUdpOption, type UdpProduct, type UdpProductName } from "@wherefrom/core/wire";

/**
 * How the balancer tells the client of a datagram.
 * - "dpvs", "bytedance", or an option described: in options of the IP header. Takes the addon.
 * - "dpvs-opp": in a header of IP protocol 248 before UDP's. Takes the addon and CAP_NET_RAW.
 * - "uoa-module": dpvs' kernel module took the option off, and is asked once a flow. Takes the addon or ffi-rs.
 * - "proxy-v2", "spp": in a header before the payload, which is taken off.
 */
export type UdpFormatName = UdpProductName | "uoa-module" | DatagramPrefixName;

/** A format, with more to say about it. */
export interface UdpFormatOptions {
  /** Its name, or the option described. */
  readonly format: UdpFormatName | CustomUdpOption;
  /** Whether later datagrams of a flow come without. Default: what is known of the product; of "proxy-v2", "every-datagram". */
  readonly sends?: UdpProduct["sends"] | undefined;
  /** Whether a datagram from a balancer that does not say whose it is gets dropped, and counted. Default false. "proxy-v2" and "spp" only. */
  readonly required?: boolean | undefined;
  /** Most flows that are remembered at once. Default `FLOW_LIMIT`. */
  readonly flowLimit?: number | undefined;
  /** Longest silence after which a flow is still known, in milliseconds: less than the balancer's own. Default `FLOW_IDLE_MS`. */
  readonly flowIdleMs?: number | undefined;
}

/** How the balancer tells the client of a datagram: a name, an option described, or either with limits. */
export type UdpFormat = UdpFormatName | CustomUdpOption | UdpFormatOptions;

export interface CompiledUdpFormat {
  readonly name: string;
  readonly method: ConnectionMethod;
  /** Set where the client is told in IP options. */
  readonly product: UdpProduct | undefined;
  /** Set where the client is told in a header before the payload. */
  readonly prefix: DatagramPrefix | undefined;
  readonly remembers: boolean;
  readonly isRequired: boolean;
  readonly flowLimit: number | undefined;
  readonly flowIdleMs: number | undefined;
}

/** Fewest and most flows of a table, of which a quarter is for newcomers. */
const FLOW_LIMITS = [4, 2 ** 24] as const;

const SHAPES: Shapes<UdpFormatOptions> = {
  format: required({ expected: "the name or description of a format", fits: (value) => value !== null }),
  sends: oneOf("every-datagram", "first-of-flow"),
  required: flag,
  flowLimit: whole(...FLOW_LIMITS),
  flowIdleMs: whole(1, TIMER_LIMIT_MS),
};
const PREFIXES: readonly DatagramPrefix<DatagramPrefixName>[] = Object.values(DATAGRAM_PREFIXES);
const PREFIX_NAMES = PREFIXES.map(({ name }) => name);
const NAMES: readonly UdpFormatName[] = [...UDP_PRODUCT_NAMES, "uoa-module", ...PREFIX_NAMES];

/**
 * Throws `ERR_WHEREFROM_INVALID_CARRIER` for what is not a valid format, and `ERR_WHEREFROM_INVALID_POLICY` where no rule of the policy believes this
 * format: no look-up would use it.
 */
export function compileUdpFormat(option: UdpFormat, policy: Policy): CompiledUdpFormat {
  // Every description has a kind; without one it is options, and then `format` is missing or misspelt.
  const isDescribed = typeof option !== "object" || option === null || "kind" in option;
  const options = isDescribed ? { format: option } : option;
  checkOptions<UdpFormatOptions>("udp", options, SHAPES, "ERR_WHEREFROM_INVALID_CARRIER");
  const { format, sends, required: isRequired = false, flowLimit, flowIdleMs } = options;
  const isAsked = format === "uoa-module";
  const prefix = PREFIXES.find(({ name }) => name === format);
  if (typeof format === "string" && !NAMES.includes(format)) {
    throw invalidCarrier(
      `udp: ${JSON.stringify(format)} is not a product or format of datagrams; ${hintAt(format, NAMES)}`,
    );
  }
  const product = prefix !== undefined || isAsked ? undefined : compileUdpProduct(format as UdpProductName);
  if (sends !== undefined && (prefix?.sends !== undefined || isAsked)) {
    throw invalidCarrier(`udp: of ${JSON.stringify(format)} it is known what it sends`);
  }
  if (isRequired && prefix === undefined) {
    throw invalidCarrier(`udp: required is for "${PREFIX_NAMES.join('" and "')}"`);
  }
  const method = prefix?.method ?? "udp-option";
  if (!policy.connectionMethods.includes(method)) {
    throw invalidPolicy(
      `udp: ${JSON.stringify(format)} is read, and no rule believes it: name the balancer with { peers: ["10.0.0.0/24"], says: "${method}" }`,
    );
  }
  return {
    name: product?.name ?? (format as string),
    method,
    product,
    prefix,
    remembers: isAsked || (sends ?? product?.sends) === "first-of-flow",
    isRequired,
    flowLimit,
    flowIdleMs,
  };
}
