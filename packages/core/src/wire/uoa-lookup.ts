import { found, readAddress } from "../address-reader.ts";
import type { ConnectionClaim } from "../claim.ts";
import type { Endpoint } from "../endpoint.ts";
import { addressText, hexText, readShort } from "./address-bytes.ts";

/** getsockopt(fd, IPPROTO_IP, UOA_SO_GET_LOOKUP): dpvs' kernel module knows the client of a datagram's source (iqiyi/dpvs include/uoa.h). */
export const UOA_LOOKUP_NAME = 2048;
/** sizeof(struct uoa_param_map) from 1.7.2 on, and before it, where only IPv4 was known. */
export const UOA_LOOKUP_BYTES = 58;
export const UOA_LOOKUP_OLD_BYTES = 18;

const AF_INET = 2;
const AF_INET6 = 10;

/**
 * Writes the question about a datagram from `source` to our port `localPort`, at whatever address of ours. False for a source that the form has no room
 * for. The module keys by the datagram's own IP version: a mapped source is asked for as IPv4. (Its family fields are in the machine's byte order.)
 */
export function writeUoaLookup(to: Uint8Array, bytes: number, source: Endpoint, localPort: number): boolean {
  const { address, port } = source;
  if (port === undefined || !readAddress(address, 0, address.length)) return false;
  if (bytes === UOA_LOOKUP_OLD_BYTES && found.family === 6) return false;
  to.fill(0, 0, bytes);
  const view = new DataView(to.buffer, to.byteOffset, bytes);
  const isOld = bytes === UOA_LOOKUP_OLD_BYTES;
  if (!isOld) view.setUint16(0, found.family === 4 ? AF_INET : AF_INET6, IS_LITTLE_ENDIAN);
  view.setInt32(isOld ? 0 : 2, found.w0);
  if (found.family === 6) {
    view.setInt32(6, found.w1);
    view.setInt32(10, found.w2);
    view.setInt32(14, found.w3);
  }
  view.setUint16(isOld ? 8 : 34, port);
  view.setUint16(isOld ? 10 : 36, localPort);
  return true;
}

/**
 * The module's answer, whose length tells its form: an old module takes a question of 58 bytes for one of 18, and answers so. Undefined for what is no
 * answer, and for one that names nobody.
 */
export function parseUoaLookup(answer: Uint8Array): ConnectionClaim | undefined {
  const isOld = answer.length === UOA_LOOKUP_OLD_BYTES;
  if (!isOld && answer.length !== UOA_LOOKUP_BYTES) return undefined;
  const family = isOld ? AF_INET : new DataView(answer.buffer, answer.byteOffset).getUint16(38, IS_LITTLE_ENDIAN);
  if (family !== AF_INET && family !== AF_INET6) return undefined;
  const port = readShort(answer, isOld ? 16 : 56);
  const address = addressText(answer, isOld ? 12 : 40, family === AF_INET ? 4 : 6);
  if (port === 0 && address === "0.0.0.0") return undefined;
  return {
    method: "udp-option",
    format: "uoa-lookup",
    raw: hexText(answer, 0, answer.length),
    says: "address",
    endpoint: { address, port: port === 0 ? undefined : port },
  };
}

const IS_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
