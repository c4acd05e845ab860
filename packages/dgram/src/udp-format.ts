import { nearestSpelling, type Policy, type ConnectionMethod, WherefromError } from "@wherefrom/core";
import { compileUdpProduct, type CustomUdpOption, type UdpProduct, type UdpProductName } from "@wherefrom/core/wire";

/**
 * How the balancer tells the client of a datagram.
 * - "dpvs", "bytedance", or an option described: in options of the IP header. Takes the addon.
 * - "dpvs-opp": in a header of IP protocol 248 before UDP's. Takes the addon and CAP_NET_RAW.
 * - "uoa-module": dpvs' kernel module took the option off, and is asked once a flow. Takes the addon or ffi-rs.
 * - "proxy-v2", "spp": in a header before the payload, which is taken off.
 */
export type UdpFormatName = UdpProductName | "uoa-module" | "proxy-v2" | "spp";

export interface UdpFormatOptions {
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

export type UdpFormat = UdpFormatName | CustomUdpOption | UdpFormatOptions;

export interface CompiledUdpFormat {
  readonly name: string;
  readonly method: ConnectionMethod;
  /** Set where the client is told in IP options. */
  readonly product: UdpProduct | undefined;
  readonly remembers: boolean;
  readonly isRequired: boolean;
  readonly flowLimit: number | undefined;
  readonly flowIdleMs: number | undefined;
}

const KEYS = ["format", "sends", "required", "flowLimit", "flowIdleMs"];
const PAYLOAD_METHODS: Readonly<Record<string, ConnectionMethod>> = { "proxy-v2": "proxy-protocol", spp: "spp" };

/**
 * Throws `ERR_WHEREFROM_INVALID_CARRIER` for what is no format, and `ERR_WHEREFROM_INVALID_POLICY` where no rule of the policy believes what is read: it would
 * be read for nobody.
 */
export function compileUdpFormat(option: UdpFormat, policy: Policy): CompiledUdpFormat {
  const options = typeof option === "object" && option !== null && "format" in option ? option : { format: option };
  const unknown = Object.keys(options).find((key) => !KEYS.includes(key));
  if (unknown !== undefined) {
    const near = nearestSpelling(unknown, KEYS);
    throw invalid(
      `has no key "${unknown}"; ${near === undefined ? `"${KEYS.join('", "')}" are` : `did you mean "${near}"?`}`,
    );
  }
  const { format, sends, required = false, flowLimit, flowIdleMs } = options as UdpFormatOptions;
  const payload =
    typeof format === "string" && Object.hasOwn(PAYLOAD_METHODS, format) ? PAYLOAD_METHODS[format] : undefined;
  const isAsked = format === "uoa-module";
  const product = payload !== undefined || isAsked ? undefined : compileUdpProduct(format as UdpProductName);
  if (sends !== undefined && sends !== "every-datagram" && sends !== "first-of-flow") {
    throw invalid(`: sends is "every-datagram" or "first-of-flow", not ${JSON.stringify(sends)}`);
  }
  if (sends !== undefined && (format === "spp" || isAsked)) throw invalid(`: of "${format}" it is known what it sends`);
  if (typeof required !== "boolean") throw invalid(`: required is true or false, not ${JSON.stringify(required)}`);
  if (required && payload === undefined) throw invalid(`: required is for "proxy-v2" and "spp"`);
  if (flowLimit !== undefined) requireWhole("flowLimit", flowLimit, 4, 2 ** 24);
  if (flowIdleMs !== undefined) requireWhole("flowIdleMs", flowIdleMs, 1, 0x7fff_ffff);
  const method = payload ?? "udp-option";
  if (!policy.connectionMethods.includes(method)) {
    throw new WherefromError(
      "ERR_WHEREFROM_INVALID_POLICY",
      `udp: ${JSON.stringify(format)} is read, and no rule believes it: name the balancer with { peers: ["10.0.0.0/24"], says: "${method}" }`,
    );
  }
  return {
    name: product?.name ?? (format as string),
    method,
    product,
    remembers: isAsked || (sends ?? product?.sends) === "first-of-flow",
    isRequired: required,
    flowLimit,
    flowIdleMs,
  };
}

function requireWhole(key: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw invalid(`: ${key} is a whole number from ${min} to ${max}, not ${JSON.stringify(value)}`);
}

function invalid(detail: string): WherefromError {
  return new WherefromError("ERR_WHEREFROM_INVALID_CARRIER", `udp${detail.startsWith(":") ? detail : ` ${detail}`}`);
}
