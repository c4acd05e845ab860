import type { ConnectionClaim } from "../../evidence/claim.ts";
import type { DatagramPrefix } from "../prefix/format.ts";
import { addressText, hexText, readShort } from "../../address/bytes.ts";

/** Length of the header of Cloudflare's Simple Proxy Protocol, which Tencent's EdgeOne writes as well: magic, client, proxy, and their ports. */
export const SPP_BYTES = 38;
/** The first two bytes of every datagram. They are only two: what else comes to such a port must not begin so. */
const MAGIC = 0x56ec;

/** Why a datagram begins with no header. */
export type SppFault = "no-magic" | "too-short";

/**
 * The header of Simple Proxy Protocol at the beginning of a datagram (developers.cloudflare.com/spectrum/reference/simple-proxy-protocol-header). The proxy
 * wants the same 38 bytes before every reply. The claim is a copy.
 */
export function parseSpp(bytes: Uint8Array): ConnectionClaim | SppFault {
  if (bytes.length < 2 || readShort(bytes, 0) !== MAGIC) return "no-magic";
  if (bytes.length < SPP_BYTES) return "too-short";
  return {
    method: "spp",
    format: "spp",
    raw: hexText(bytes, 0, SPP_BYTES),
    says: "address",
    endpoint: { address: addressText(bytes, 2, 6), port: readShort(bytes, 34) || undefined },
    destination: { address: addressText(bytes, 18, 6), port: readShort(bytes, 36) || undefined },
  };
}

export const SPP_DATAGRAM: DatagramPrefix<"spp", SppFault> = {
  name: "spp",
  noun: "SPP header",
  method: "spp",
  absent: "no-magic",
  sends: "every-datagram",
  isEchoed: true,
  read: (bytes) => {
    const claim = parseSpp(bytes);
    return typeof claim === "string"
      ? { state: "refused", reason: claim }
      : { state: "header", claims: [claim], length: SPP_BYTES };
  },
};
