import type { ConnectionClaim, Endpoint } from "@wherefrom/core";
import { addressText } from "@wherefrom/core/internal";
import { parseToaLookup, parseToaRecord, TOA_RECORD_BYTES, type ToaRecord } from "@wherefrom/core/wire";
import type { SocketCalls, TapCalls } from "@wherefrom/native";
import {
  PEER_ADDRESS_AT,
  PEER_BYTES,
  PEER_PORT_AT,
  PEER_SCOPE_AT,
  TOA_ANSWER_BYTES,
  TOA_PACKET_NONE,
  TOA_RECORD_PACKET_AT,
  TOLD_SHIFT,
  WANT_LOOKUP,
  WANT_RECORD,
} from "../connection/native-numbers.ts";

/** Below what was told, the length of the answer. */
const LENGTH_MASK = (1 << TOLD_SHIFT) - 1;

/** Copies stand side by side in slabs of this many bytes: an array of its own for each would cost ten times as much. One that is kept keeps its slab. */
const SLAB_BYTES = 16_384;

let slab = new Uint8Array(0);
let used = 0;

/** What the kernel told of a connection when it was accepted, as a copy: bytes[from, to). It is taken apart when it is asked for. */
export interface Accepted {
  readonly bytes: Uint8Array;
  readonly from: number;
  readonly to: number;
  /** `WANT_LOOKUP` and `WANT_RECORD`, as far as there was an answer. */
  readonly told: number;
}

/**
 * Asks the kernel, in one call, and copies what it says, because the next call overwrites it. Undefined where it knows no peer with an IP address. A SYN is absent
 * where it was read before or not kept: the listener was not asked to in time, or answered with SYN cookies.
 */
export function readAccepted(sockopt: SocketCalls, fd: number, wants: number): Accepted | undefined {
  const result = sockopt.readAccepted(fd, wants);
  if (result < 0) return undefined;
  const length = result & LENGTH_MASK;
  if (used + length > slab.length) {
    slab = new Uint8Array(SLAB_BYTES);
    used = 0;
  }
  const { buffer } = sockopt;
  const from = used;
  for (let index = 0; index < length; index++) slab[from + index] = buffer[index] as number;
  used += length;
  return { bytes: slab, from, to: used, told: result >> TOLD_SHIFT };
}

/** Whether the peer's address has a zone, which the bytes do not name. */
export function isScoped({ bytes, from }: Accepted): boolean {
  return bytes[from + PEER_SCOPE_AT] !== 0;
}

/** Texts of IPv4 peers by their number: balancers are few, and connect again. Emptied when there are `TEXT_LIMIT`, so that strangers do not pile up. */
const texts = new Map<number, string>();
const TEXT_LIMIT = 256;

/** The peer's address as the kernel writes it; a dual-stack socket's IPv4 peer is mapped. */
export function addressOf({ bytes, from }: Accepted): string {
  const isMapped = bytes[from] === 6;
  if (isMapped && !isEqual(bytes, from + PEER_ADDRESS_AT, MAPPED, 0, 12))
    return addressText(bytes, from + PEER_ADDRESS_AT, 6);
  const word = (readShort(bytes, from + PEER_ADDRESS_AT + 12) << 16) | readShort(bytes, from + PEER_ADDRESS_AT + 14);
  let text = texts.get(word);
  if (text === undefined) {
    text = addressText(bytes, from + PEER_ADDRESS_AT + 12, 4);
    if (texts.size >= TEXT_LIMIT) texts.clear();
    texts.set(word, text);
  }
  return isMapped ? `::ffff:${text}` : text;
}

export function portOf({ bytes, from }: Accepted): number {
  return readShort(bytes, from + PEER_PORT_AT);
}

/** Whom the kernel calls the peer, in canonical text. */
export function kernelPeerOf({ bytes, from }: Accepted): Endpoint {
  return { address: addressText(bytes, from + PEER_ADDRESS_AT, 6), port: readShort(bytes, from + PEER_PORT_AT) };
}

/** Whom SO_PEERNAME names, where the kernel's table of sockets confirms it; undefined where not, and without the addon. */
export function confirmPeer(calls: TapCalls | undefined, fd: number): Endpoint | undefined {
  if (calls === undefined || calls.confirmedPeer(fd) !== PEER_BYTES) return undefined;
  const { buffer } = calls;
  return { address: addressText(buffer, PEER_ADDRESS_AT, 6), port: readShort(buffer, PEER_PORT_AT) };
}

/** Whether the peer is who sent a packet, whose source address, of 4 or 16 bytes, stands in `packet` at `sourceAt`. */
export function isPeer(accepted: Accepted, packet: Uint8Array, family: 4 | 6, sourceAt: number, port: number): boolean {
  const { bytes, from } = accepted;
  if (readShort(bytes, from + PEER_PORT_AT) !== port) return false;
  const addressAt = from + PEER_ADDRESS_AT;
  if (family === 6) return isEqual(bytes, addressAt, packet, sourceAt, 16);
  return isEqual(bytes, addressAt, MAPPED, 0, 12) && isEqual(bytes, addressAt + 12, packet, sourceAt, 4);
}

/** What a module answered. */
export function lookupOf({ bytes, from, told }: Accepted): ConnectionClaim | undefined {
  if ((told & WANT_LOOKUP) === 0) return undefined;
  return parseToaLookup(bytes.subarray(from + PEER_BYTES, from + PEER_BYTES + TOA_ANSWER_BYTES));
}

/** Whether programs in the kernel watch the connection: they answer, if only with the peer. */
export function isRecordTold({ told }: Accepted): boolean {
  return (told & WANT_RECORD) !== 0;
}

/** What programs in the kernel told: the packet that they had kept by then, or the peer alone. */
export function recordOf(accepted: Accepted): ToaRecord | undefined {
  if (!isRecordTold(accepted)) return undefined;
  const at = recordAt(accepted);
  return parseToaRecord(accepted.bytes.subarray(at, at + TOA_RECORD_BYTES));
}

/** Whether they had kept a packet by then. */
export function isKept(accepted: Accepted): boolean {
  return isRecordTold(accepted) && accepted.bytes[recordAt(accepted) + TOA_RECORD_PACKET_AT] !== TOA_PACKET_NONE;
}

function recordAt({ from, told }: Accepted): number {
  return from + PEER_BYTES + ((told & WANT_LOOKUP) === 0 ? 0 : TOA_ANSWER_BYTES);
}

/** Where the SYN begins, from the IP header on; at `to` where there is none. */
export function synAt({ from, told }: Accepted): number {
  const behindLookup = from + PEER_BYTES + ((told & WANT_LOOKUP) === 0 ? 0 : TOA_ANSWER_BYTES);
  return behindLookup + ((told & WANT_RECORD) === 0 ? 0 : TOA_RECORD_BYTES);
}

/** ::ffff:0:0/96 (RFC 4291, 2.5.5.2). */
const MAPPED = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff);

function isEqual(one: Uint8Array, oneAt: number, other: Uint8Array, otherAt: number, length: number): boolean {
  for (let index = 0; index < length; index++) if (one[oneAt + index] !== other[otherAt + index]) return false;
  return true;
}

function readShort(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}
