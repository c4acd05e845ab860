import type { ConnectionClaim } from "../claim.ts";
import type { Endpoint } from "../endpoint.ts";
import { addressText, hexText, readShort } from "./address-bytes.ts";
import { parseTlvs, type TlvFault } from "./proxy-tlv.ts";

/** What a header of version 2 begins with (specification, 2.2). */
export const PROXY_V2_SIGNATURE: readonly number[] = [
  0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a,
];
/** Signature, version and command, family and transport, length. */
export const PROXY_V2_HEAD_BYTES = 16;

const LOCAL = 0x20;
const PROXY = 0x21;
/** Bytes of the addresses, by the byte of family and transport: all that the specification defines, and no other. */
const ADDRESS_BYTES: Readonly<Record<number, number>> = {
  0x00: 0,
  0x11: 12,
  0x12: 12,
  0x21: 36,
  0x22: 36,
  0x31: 216,
  0x32: 216,
};
const DGRAM = 2;

/**
 * What is wrong with a header: another version, a command or family that the specification does not define, fewer bytes than its addresses take, a
 * datagram's header on a stream (or a stream's on a datagram).
 */
export type ProxyV2Fault = TlvFault | "bad-version" | "bad-command" | "bad-family" | "too-short" | "wrong-transport";

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
 * A whole header that stands in bytes[from, to) and has the signature. LOCAL is the sender's own connection: whatever stands in it is skipped. Families that
 * have no IP address (UNSPEC, UNIX) say that the client is unknown.
 */
export function parseProxyV2(
  bytes: Uint8Array,
  from: number,
  to: number,
  transport: "stream" | "datagram",
): ConnectionClaim | ProxyV2Fault {
  const fault = proxyV2HeadFault(bytes, from);
  if (fault !== undefined) return fault;
  const start = from + PROXY_V2_HEAD_BYTES;
  if (bytes[from + 12] === LOCAL) {
    return { method: "proxy-protocol", format: "proxy-v2", raw: hexText(bytes, from, start), says: "self" };
  }
  const family = bytes[from + 13] as number;
  const addressBytes = ADDRESS_BYTES[family];
  if (addressBytes === undefined) return "bad-family";
  if (family !== 0 && ((family & 15) === DGRAM) !== (transport === "datagram")) return "wrong-transport";
  if (to - start < addressBytes) return "too-short";
  const isIp = addressBytes === 12 || addressBytes === 36;
  const claim = {
    method: "proxy-protocol",
    format: "proxy-v2",
    raw: hexText(bytes, from, isIp ? start + addressBytes : start),
  } as const;
  // "The receiver should ignore address information" of UNSPEC, and whatever else comes with it.
  if (family === 0) return { ...claim, says: "unknown" };
  const tlvs = parseTlvs(bytes, from, start + addressBytes, to);
  if (typeof tlvs === "string") return tlvs;
  const fields = tlvs.length === 0 ? {} : { tlvs };
  if (!isIp) return { ...claim, says: "unknown", ...fields };
  const version = addressBytes === 12 ? 4 : 6;
  const size = version === 4 ? 4 : 16;
  const ports = start + 2 * size;
  const endpoint = readEndpoint(bytes, start, version, ports);
  const destination = readEndpoint(bytes, start + size, version, ports + 2);
  return { ...claim, says: "address", endpoint, destination, ...fields };
}

function readEndpoint(bytes: Uint8Array, at: number, family: 4 | 6, portAt: number): Endpoint {
  const port = readShort(bytes, portAt);
  return { address: addressText(bytes, at, family), port: port === 0 ? undefined : port };
}
