import type { Policy } from "@wherefrom/core";
import {
  anything,
  checkOptions,
  hintAt,
  invalidCarrier,
  invalidPolicy,
  required,
  type Shapes,
  valueText,
} from "@wherefrom/core/internal";
import { compileToaProduct, type CustomToa, type ToaProduct, type ToaProductName } from "@wherefrom/core/wire";

/**
 * How to learn what stood in a connection's first packets. Who is connected none of them takes from getpeername.
 * - "module": a vendor's kernel module (toa.ko) has replaced the peer's address by the client's, and answers for IPv6 clients of IPv4 sockets. Its word counts where no other reader sees what it has read.
 * - "sock-ops": BPF programs keep the options of the packet that completes the handshake, and of the first later one with such an option. They are
 *   attached to the process' control group, which takes CAP_BPF and CAP_NET_ADMIN, or were attached to it before, which takes nothing.
 * - "tap": the packets of the server's port are seen as they come (AF_PACKET), which takes CAP_NET_RAW.
 * - "saved-syn": the kernel keeps the SYN for us (TCP_SAVE_SYN). It sees nothing of later packets.
 */
export type ToaReaderName = "module" | "sock-ops" | "tap" | "saved-syn";

/** Whose TCP options are read, and how. */
export interface ToaOptions {
  /** The balancer, by its name or described. */
  readonly product: ToaProductName | CustomToa;
  /** This one alone, and as if it were there; SYNs are kept all the same, because they tell who is connected. Default: all that can run, and what they read is compared. */
  readonly reader?: ToaReaderName | undefined;
}

/** The product alone, or with more to say about it. */
export type ToaServerOption = ToaProductName | CustomToa | ToaOptions;

export interface CompiledToa {
  readonly product: ToaProduct;
  readonly reader: ToaReaderName | undefined;
}

const READERS: readonly ToaReaderName[] = ["module", "sock-ops", "tap", "saved-syn"];
/** Their values are explained below. */
const SHAPES: Shapes<ToaOptions> = { product: required(anything), reader: anything };

/**
 * Throws `ERR_WHEREFROM_INVALID_CARRIER` for what is no product or reader, and `ERR_WHEREFROM_INVALID_POLICY` where no rule of the policy says "toa":
 * options would be read, and none believed.
 */
export function compileToa(option: ToaServerOption, policy: Policy): CompiledToa {
  const { product, reader } = normalize(option);
  const compiled = { product: compileToaProduct(product), reader };
  if (reader !== undefined && !READERS.includes(reader)) {
    throw invalidCarrier(`${valueText(reader)} is not a TOA reader; ${hintAt(reader, READERS)}`);
  }
  if (!policy.connectionMethods.includes("toa")) {
    throw invalidPolicy(
      `toa: ${JSON.stringify(compiled.product.name)} is read, and no rule believes it: name the balancer with { peers: ["10.0.0.0/24"], says: "toa" }`,
    );
  }
  return compiled;
}

function normalize(option: ToaServerOption): ToaOptions {
  if (typeof option !== "object" || option === null || "kind" in option) return { product: option };
  checkOptions<ToaOptions>("toa", option, SHAPES, "ERR_WHEREFROM_INVALID_CARRIER");
  return option;
}
