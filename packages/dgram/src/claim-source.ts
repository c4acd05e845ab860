import type { ConnectionClaim, ConnectionMethod } from "@wherefrom/core";
import {
  parseSpp,
  parseUdpOptions,
  readProxyDatagram,
  SPP_BYTES,
  type UdpOptionPlace,
  type UdpProduct,
} from "@wherefrom/core/wire";

/** What the addon says of a datagram's options. */
const CUT_OPTIONS = 1;
const MORE_OPTIONS = 2;
const IPV6_OPTIONS = 4;
const OPP_OPTIONS = 8;

const NONE: readonly ConnectionClaim[] = [];

/** What the options bytes[from, to) of a datagram claim: nothing, one claim, or one that says what was wrong. */
export function readOptionClaims(
  product: UdpProduct,
  bytes: Uint8Array,
  from: number,
  to: number,
  flags: number,
): readonly ConnectionClaim[] {
  if (from === to && (flags & CUT_OPTIONS) === 0) return NONE;
  const reading =
    (flags & CUT_OPTIONS) !== 0
      ? "too-long"
      : (flags & MORE_OPTIONS) !== 0
        ? "several"
        : parseUdpOptions(bytes, product, placeOf(flags), from, to);
  if (typeof reading === "object") return [reading];
  if (reading === "absent") return NONE;
  const raw = Buffer.from(bytes.buffer, bytes.byteOffset + from, Math.min(to - from, RAW_LIMIT_BYTES)).toString("hex");
  return [malformed("udp-option", product.name, raw, reading)];
}

function placeOf(flags: number): UdpOptionPlace {
  if ((flags & OPP_OPTIONS) !== 0) return "protocol-248";
  return (flags & IPV6_OPTIONS) === 0 ? "ipv4-option" : "ipv6-destination-option";
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
export function readPayload(method: ConnectionMethod, payload: Buffer): PayloadReading {
  if (method === "spp") {
    const reading = parseSpp(payload);
    if (typeof reading === "object") return { claims: [reading], length: SPP_BYTES, reason: undefined };
    return refuse(method, "spp", payload, reading, "no-magic");
  }
  const reading = readProxyDatagram(payload);
  if (reading.state === "header") return { claims: reading.claims, length: reading.length, reason: undefined };
  return refuse(method, "proxy-v2", payload, reading.state === "refused" ? reading.reason : "too-short", "not-proxy");
}

function refuse(
  method: ConnectionMethod,
  format: string,
  payload: Buffer,
  reason: string,
  absent: string,
): PayloadReading {
  if (reason === absent) return { claims: NONE, length: 0, reason };
  const raw = payload.toString("hex", 0, RAW_LIMIT_BYTES);
  return { claims: [malformed(method, format, raw, reason)], length: 0, reason };
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
  endpoint,
  destination,
  vpcId,
  tlvs,
}: ConnectionClaim): ConnectionClaim {
  return { method, format, raw, says, endpoint, destination, vpcId, tlvs };
}

/** A claim that was on an earlier datagram of its flow. */
export function rememberedClaim(claim: ConnectionClaim, ageMs: number): ConnectionClaim {
  return { ...claim, via: "flow", ageMs: Math.round(ageMs) };
}
