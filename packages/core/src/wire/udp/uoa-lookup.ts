import { FoundAddress, isUnspecified } from "../../address/found.ts";
import { readAddress } from "../../address/reader.ts";
import type { ConnectionClaim } from "../../evidence/claim.ts";
import type { Endpoint } from "../../address/endpoint.ts";
import { addressText, hexText, readShort } from "../../address/bytes.ts";

/** getsockopt(fd, IPPROTO_IP, UOA_SO_GET_LOOKUP): dpvs' kernel module knows the client of a datagram's source (iqiyi/dpvs include/uoa.h). */
export const UOA_LOOKUP_NAME = 2048;
/** sizeof(struct uoa_param_map) from 1.7.2 on, and before it, where only IPv4 was known. */
export const UOA_LOOKUP_BYTES = 58;
/** Size of the request to an older module, in bytes. */
export const UOA_LOOKUP_OLD_BYTES = 18;

const AF_INET = 2;
const AF_INET6 = 10;

const found = new FoundAddress();

/** Where the form of 58 bytes has the addresses and ports of both ends, and the form of 18. */
const SOURCE = 2;
const LOCAL = 18;
const PORTS = 34;
const OLD_LOCAL = 4;
const OLD_PORTS = 8;

/**
 * Writes the question about a datagram from `source` to `local`, which is our own address as the datagram had it: an address of zero would be a wildcard, and be answered for another flow
 * from the same source. False for what the form has no room for, and for ends that are not both there and of one family. The module keys by the datagram's own IP version: mapped
 * addresses are asked for as IPv4. (Its family fields are in the machine's byte order.)
 */
export function writeUoaLookup(to: Uint8Array, bytes: number, source: Endpoint, local: Endpoint): boolean {
  const isOld = bytes === UOA_LOOKUP_OLD_BYTES;
  to.fill(0, 0, bytes);
  const view = new DataView(to.buffer, to.byteOffset, bytes);
  const family = writeAddress(view, isOld ? 0 : SOURCE, source.address, isOld);
  if (family === 0 || writeAddress(view, isOld ? OLD_LOCAL : LOCAL, local.address, isOld) !== family) return false;
  if (source.port === undefined || local.port === undefined) return false;
  const ports = isOld ? OLD_PORTS : PORTS;
  view.setUint16(ports, source.port);
  view.setUint16(ports + 2, local.port);
  if (!isOld) view.setUint16(0, family === 4 ? AF_INET : AF_INET6, IS_LITTLE_ENDIAN);
  return true;
}

/** The family that was written; 0 where the text is no address, an unspecified one, or has no room. */
function writeAddress(to: DataView, at: number, text: string, isOld: boolean): 0 | 4 | 6 {
  if (!readAddress(found, text, 0, text.length) || isUnspecified(found)) return 0;
  const { family, w0, w1, w2, w3 } = found;
  if (isOld && family === 6) return 0;
  to.setInt32(at, w0);
  if (family === 4) return 4;
  to.setInt32(at + 4, w1);
  to.setInt32(at + 8, w2);
  to.setInt32(at + 12, w3);
  return 6;
}

/** Whether an answer is about the flow that was asked about: the module writes the client into the question. */
export function isUoaAnswer(answer: Uint8Array, question: Uint8Array): boolean {
  if (answer.length === UOA_LOOKUP_OLD_BYTES) return isSame(answer, question, 0, OLD_PORTS + 4);
  const bytes = question[0] === AF_INET || question[1] === AF_INET ? 4 : 16;
  return (
    isSame(answer, question, SOURCE, SOURCE + bytes) &&
    isSame(answer, question, LOCAL, LOCAL + bytes) &&
    isSame(answer, question, PORTS, PORTS + 4)
  );
}

function isSame(one: Uint8Array, other: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (one[at] !== other[at]) return false;
  return true;
}

/** The module's answer, whose length tells its form. Undefined for what is not a valid answer, and for one without an address. */
export function parseUoaLookup(answer: Uint8Array): ConnectionClaim | undefined {
  const isOld = answer.length === UOA_LOOKUP_OLD_BYTES;
  if (!isOld && answer.length !== UOA_LOOKUP_BYTES) return undefined;
  const family = isOld ? AF_INET : new DataView(answer.buffer, answer.byteOffset).getUint16(38, IS_LITTLE_ENDIAN);
  if (family !== AF_INET && family !== AF_INET6) return undefined;
  const port = readShort(answer, isOld ? 16 : 56);
  const address = addressText(answer, isOld ? 12 : 40, family === AF_INET ? 4 : 6);
  if (address === "0.0.0.0" || address === "::") return undefined;
  return {
    method: "udp-option",
    format: "uoa-lookup",
    raw: hexText(answer, 0, answer.length),
    says: "address",
    endpoint: { address, port: port === 0 ? undefined : port },
  };
}

const IS_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
