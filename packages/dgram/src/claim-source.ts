import type { ConnectionClaim, ConnectionMethod } from "@wherefrom/core";
import type { DatagramPrefix } from "@wherefrom/core/internal";
import { parseUdpOptions, type UdpOptionPlace, type UdpProduct } from "@wherefrom/core/wire";
import {
  UDP_CUT_OPTIONS,
  UDP_CUT_PAYLOAD,
  UDP_GLUED,
  UDP_IPV6_OPTIONS,
  UDP_MORE_OPTIONS,
  UDP_OPP_OPTIONS,
} from "./native-numbers.ts";

const NONE: readonly ConnectionClaim[] = [];

/** What the options bytes[from, to) of a datagram claim: nothing, one claim, or one that says what was wrong. */
export function readOptionClaims(
  product: UdpProduct,
  bytes: Uint8Array,
  from: number,
  to: number,
  flags: number,
): readonly ConnectionClaim[] {
  const cut = cutReason(flags);
  if (from === to && cut === undefined) return NONE;
  const reading =
    cut ?? ((flags & UDP_MORE_OPTIONS) !== 0 ? "several" : parseUdpOptions(bytes, product, placeOf(flags), from, to));
  if (typeof reading === "object") return [reading];
  if (reading === "absent") return NONE;
  const raw = Buffer.from(bytes.buffer, bytes.byteOffset + from, Math.min(to - from, RAW_LIMIT_BYTES)).toString("hex");
  return [malformed("udp-option", product.name, raw, reading)];
}

/**
 * Why nothing that came with a datagram proves anything: part of it was lost before we saw it, or it is several in one, of which the first one's options are all that was kept.
 * Undefined where it is whole.
 */
export function cutReason(flags: number): string | undefined {
  if ((flags & UDP_CUT_PAYLOAD) !== 0) return "cut";
  if ((flags & UDP_CUT_OPTIONS) !== 0) return "too-long";
  return (flags & UDP_GLUED) === 0 ? undefined : "several-datagrams";
}

/** The claim of a datagram that was cut. */
export function cutClaim(method: ConnectionMethod, format: string, reason: string): ConnectionClaim {
  return malformed(method, format, "", reason);
}

function placeOf(flags: number): UdpOptionPlace {
  if ((flags & UDP_OPP_OPTIONS) !== 0) return "protocol-248";
  return (flags & UDP_IPV6_OPTIONS) === 0 ? "ipv4-option" : "ipv6-destination-option";
}

/** Bytes of a header that is none which the proof shows. */
const RAW_LIMIT_BYTES = 40;

/** A header at the beginning of a payload. `length` is 0 where there is none; `reason` says why it is none, or not believable. */
export interface PayloadReading {
  readonly claims: readonly ConnectionClaim[];
  readonly length: number;
  readonly reason: string | undefined;
}

/** Reads the header that a believed balancer puts before the payload. What does not begin as one is a payload without, and no claim. */
export function readPayload({ method, name, absent, read }: DatagramPrefix, payload: Buffer): PayloadReading {
  const reading = read(payload);
  if (reading.state === "header") return { claims: reading.claims, length: reading.length, reason: undefined };
  const { reason } = reading;
  if (reason === absent) return { claims: NONE, length: 0, reason };
  const raw = payload.toString("hex", 0, RAW_LIMIT_BYTES);
  return { claims: [malformed(method, name, raw, reason)], length: 0, reason };
}

function malformed(method: ConnectionMethod, format: string, raw: string, reason: string): ConnectionClaim {
  return { method, format, raw, says: "malformed", reason };
}

/** A claim by itself, without the bytes that it was read from. */
export function copyClaim({
  method,
  format,
  raw,
  says,
  reason,
  oddities,
  endpoint,
  transport,
  destination,
  vpcId,
  tlvs,
}: ConnectionClaim): ConnectionClaim {
  return { method, format, raw, says, reason, oddities, endpoint, transport, destination, vpcId, tlvs };
}

/**
 * What the header in a later datagram of a flow says, where an earlier one was told already: the same; or else nothing that counts. A flow has one client, and the balancer passes on
 * payloads that begin with a header of that client's own.
 */
export function laterClaim(before: ConnectionClaim, claim: ConnectionClaim): ConnectionClaim {
  const { method, format, raw, says, endpoint } = claim;
  if (says === "malformed") return claim;
  const isSame =
    says === before.says && endpoint?.address === before.endpoint?.address && endpoint?.port === before.endpoint?.port;
  return isSame ? claim : malformed(method, format, raw, FLOW_DISAGREES);
}

/** Why a claim counts for nothing although it is whole: an earlier datagram of the flow said something else. */
export const FLOW_DISAGREES = "flow-disagrees";

/** A claim that was on an earlier datagram of its flow. */
export function rememberedClaim(claim: ConnectionClaim, ageMs: number): ConnectionClaim {
  return { ...claim, via: "flow", ageMs: Math.round(ageMs) };
}
