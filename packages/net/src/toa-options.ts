import { nearestSpelling, type Policy, WherefromError } from "@wherefrom/core";
import { compileToaProduct, type CustomToa, type ToaProduct, type ToaProductName } from "@wherefrom/core/wire";

/**
 * How to learn what stood in a connection's first packets.
 * - "module": a vendor's kernel module (toa.ko) has replaced the peer's address by the client's, and answers for IPv6 clients of IPv4 sockets.
 * - "sock-ops": BPF programs keep the options of the packet that completes the handshake, and of the first later one with such an option. They are
 *   attached to the process' control group, which takes CAP_BPF and CAP_NET_ADMIN, or were attached to it before, which takes nothing. SYNs are kept as well.
 * - "tap": the packets of the server's port are seen as they come (AF_PACKET), which takes CAP_NET_RAW. SYNs are kept as well.
 * - "saved-syn": the kernel keeps the SYN for us (TCP_SAVE_SYN). It sees nothing of later packets.
 */
export type ToaReaderName = "module" | "sock-ops" | "tap" | "saved-syn";

export interface ToaOptions {
  readonly product: ToaProductName | CustomToa;
  /** This one alone, and as if it were there. Default: the best that is there, looked for again every 30 seconds. */
  readonly reader?: ToaReaderName | undefined;
}

/** The product alone, or with more to say about it. */
export type ToaServerOption = ToaProductName | CustomToa | ToaOptions;

export interface CompiledToa {
  readonly product: ToaProduct;
  readonly reader: ToaReaderName | undefined;
}

const READERS: readonly ToaReaderName[] = ["module", "sock-ops", "tap", "saved-syn"];
const KEYS = ["product", "reader"];

/**
 * Throws `ERR_WHEREFROM_INVALID_CARRIER` for what is no product or reader, and `ERR_WHEREFROM_INVALID_POLICY` where no rule of the policy says "toa":
 * options would be read, and none believed.
 */
export function compileToa(option: ToaServerOption, policy: Policy): CompiledToa {
  const { product, reader } = normalize(option);
  const compiled = { product: compileToaProduct(product), reader };
  if (reader !== undefined && !READERS.includes(reader)) {
    const near = typeof reader === "string" ? nearestSpelling(reader, READERS) : undefined;
    const hint = near === undefined ? `"${READERS.join('", "')}" are` : `did you mean "${near}"?`;
    throw new WherefromError("ERR_WHEREFROM_INVALID_CARRIER", `${JSON.stringify(reader)} is no reader of TOA; ${hint}`);
  }
  if (!policy.connectionMethods.includes("toa")) {
    throw new WherefromError(
      "ERR_WHEREFROM_INVALID_POLICY",
      `toa: ${JSON.stringify(compiled.product.name)} is read, and no rule believes it: name the balancer with { peers: ["10.0.0.0/24"], says: "toa" }`,
    );
  }
  return compiled;
}

function normalize(option: ToaServerOption): ToaOptions {
  if (typeof option !== "object" || option === null || !("product" in option)) return { product: option };
  const unknown = Object.keys(option).find((key) => !KEYS.includes(key));
  if (unknown === undefined) return option;
  throw new WherefromError(
    "ERR_WHEREFROM_INVALID_CARRIER",
    `${JSON.stringify(unknown)} is no key of toa; "${KEYS.join('", "')}" are`,
  );
}
