import type { ConnectionClaim } from "../../evidence/claim.ts";
import { readShort } from "../../address/bytes.ts";
import { INET6_BYTES, INET_BYTES, PROXY_V2_HEAD_BYTES, proxyV2Claim, UNIX_BYTES } from "./v2-claim.ts";
import { findTlvFault, type TlvFault } from "./tlv.ts";

/** What a header of version 2 begins with (specification, 2.2). */
export const PROXY_V2_SIGNATURE: readonly number[] = [
  0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a,
];

const LOCAL = 0x20;
const PROXY = 0x21;
const UNSPEC = 0;

/**
 * What is wrong with a header: another version, a command or family that the specification does not define, or fewer bytes than its addresses take.
 */
export type ProxyV2Fault = TlvFault | "bad-version" | "bad-command" | "bad-family" | "too-short";

/** Whether what is there of the signature at `from` is right. All of it stands there nearly always, and is compared without a loop. */
export function beginsProxyV2(bytes: Uint8Array, from: number): boolean {
  if (bytes.length - from >= PROXY_V2_HEAD_BYTES) {
    return (
      bytes[from] === 0x0d &&
      bytes[from + 1] === 0x0a &&
      bytes[from + 2] === 0x0d &&
      bytes[from + 3] === 0x0a &&
      bytes[from + 4] === 0x00 &&
      bytes[from + 5] === 0x0d &&
      bytes[from + 6] === 0x0a &&
      bytes[from + 7] === 0x51 &&
      bytes[from + 8] === 0x55 &&
      bytes[from + 9] === 0x49 &&
      bytes[from + 10] === 0x54 &&
      bytes[from + 11] === 0x0a
    );
  }
  for (let at = from; at < bytes.length && at - from < PROXY_V2_SIGNATURE.length; at++) {
    if (bytes[at] !== PROXY_V2_SIGNATURE[at - from]) return false;
  }
  return true;
}

/** Bytes of the whole header whose first 16 bytes stand at `from`. */
export function proxyV2Length(bytes: Uint8Array, from: number): number {
  return PROXY_V2_HEAD_BYTES + readShort(bytes, from + 14);
}

/** What is wrong with the first 16 bytes already, or undefined. The signature was seen before. */
export function proxyV2HeadFault(bytes: Uint8Array, from: number): "bad-version" | "bad-command" | undefined {
  const command = bytes[from + 12] as number;
  if (command >> 4 !== 2) return "bad-version";
  return command === LOCAL || command === PROXY ? undefined : "bad-command";
}

/**
 * A whole header that stands in bytes[from, to) and has the signature. Everything is checked now; addresses and fields become texts and objects when they
 * are asked for, from these bytes, which must not change. LOCAL is the sender's own connection: whatever stands in it is skipped. Families that have
 * no IP address (UNSPEC, UNIX) say that the client is unknown. The transport nibble is the forwarded connection's: either is read, whatever carries the header.
 */
export function parseProxyV2(bytes: Uint8Array, from: number, to: number): ConnectionClaim | ProxyV2Fault {
  const fault = proxyV2HeadFault(bytes, from);
  if (fault !== undefined) return fault;
  const start = from + PROXY_V2_HEAD_BYTES;
  if (bytes[from + 12] === LOCAL) return proxyV2Claim("self", bytes, from, 0, start);
  const family = bytes[from + 13] as number;
  const addressBytes = addressBytesOf(family);
  if (addressBytes < 0) return "bad-family";
  const fields = start + addressBytes;
  if (to < fields) return "too-short";
  const tlvFault = findTlvFault(bytes, from, fields, to);
  if (tlvFault !== undefined) {
    // "The receiver should ignore address information" of UNSPEC: what does not read as fields is such.
    if (addressBytes > 0 || tlvFault === "bad-checksum") return tlvFault;
    return proxyV2Claim("unknown", bytes, from, 0, start);
  }
  const says = addressBytes === 0 || addressBytes === UNIX_BYTES ? "unknown" : "address";
  return proxyV2Claim(says, bytes, from, addressBytes, to);
}

/** Bytes of the addresses, by the byte of family and transport: all that the specification defines (2.2), and -1 for the others. */
function addressBytesOf(family: number): number {
  switch (family) {
    case UNSPEC:
    // No family, and a transport: nginx's tests accept it. There is no address to be wrong about.
    case 0x01:
    case 0x02:
      return 0;
    case 0x11:
    case 0x12:
      return INET_BYTES;
    case 0x21:
    case 0x22:
      return INET6_BYTES;
    case 0x31:
    case 0x32:
      return UNIX_BYTES;
    default:
      return -1;
  }
}
