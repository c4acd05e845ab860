import type { ConnectionClaim } from "../../evidence/claim.ts";
import type { Endpoint } from "../../address/endpoint.ts";
import { addressText, hexText, readShort, readWord } from "../../address/bytes.ts";
import { HOST_ID_EXID, TOA_LAYOUTS, type ToaFields, VERSION } from "./layouts.ts";
import type { ToaOption, ToaPacket, ToaProduct } from "./products.ts";

/** Room for options in a TCP header, in bytes (RFC 9293, 3.1: the data offset counts at most 60). */
export const TOA_OPTIONS_LIMIT_BYTES = 40;
/** sizeof(struct toa_nat64_peer): 16 address, 2 port, 2 padding (dpvs kmod/toa/toa.h), which modules leave as it was on the kernel's stack: it is never shown. */
const LOOKUP_BYTES = 20;
const LOOKUP_TOLD_BYTES = 18;
const END_OF_OPTIONS = 0;
const NO_OPERATION = 1;
/** RFC 7413, A: what Linux took for Fast Open before kind 34 was registered, and still takes. */
const FAST_OPEN_EXID = 0xf989;
/** SMC-R and SMC-D (RFC 7609, A.2); also an address in 195.217.0.0/16. */
const SMC_EXID = 0xe2d4c3d9;

/**
 * Why there is no claim.
 * - `not-in-packet`: the product does not send in such a packet; nothing was read. `absent`: none of its options is there.
 * - `misplaced`: one is there, but not directly behind the header, where this product puts it: a client's own.
 * - `no-room`: the balancer forwards clients' options, and these leave no room for its own: the one in its place may be a client's.
 * - `several`: options of the product name different clients. `wrong-version`: kind 28, but not the version that is known.
 * - `broken`: an option without a length, or longer than what is left, before any of the product's. `too-long`: more than a TCP header holds.
 */
export type ToaFault =
  | "not-in-packet"
  | "absent"
  | "misplaced"
  | "no-room"
  | "several"
  | "wrong-version"
  | "broken"
  | "too-long";

/**
 * What is odd about a claim that counts.
 * - `later-option`: behind the balancer's option stands one that a client must have sent. `broken-tail`: what stands behind it is no list of options.
 * - `no-room`: as the fault, for IPv6, whose option fills most SYNs. `experiment`: the bytes are also those of another experiment (TCP Fast Open, SMC, HOST_ID).
 */
export type ToaWarning = "later-option" | "broken-tail" | "no-room" | "experiment";

/** What the options of a TCP packet say: a claim, or why there is none. */
export type ToaReading =
  | { readonly ok: true; readonly claim: ConnectionClaim; readonly warnings: readonly ToaWarning[] }
  | {
      readonly ok: false;
      readonly reason: ToaFault;
      /** Offset of the option, or of the byte, that was wrong; 0 where it is about all of them. */
      readonly at: number;
      /** The options as they came, at most 40 bytes, in hexadecimal; empty where there is no option of the product's, as on most connections. */
      readonly raw: string;
    };

/**
 * What `product` said in the options bytes[from, to) of one packet that came over IPv4 or IPv6 (`family`). Never throws; looks at 40 bytes at most, each option once.
 * The claim is a copy: `bytes` may be overwritten.
 */
export function parseToaOptions(
  bytes: Uint8Array,
  product: ToaProduct,
  packet: ToaPacket,
  family: 4 | 6,
  from = 0,
  to: number = bytes.length,
): ToaReading {
  if (to - from > TOA_OPTIONS_LIMIT_BYTES) return refuse("too-long", bytes, from, to, from + TOA_OPTIONS_LIMIT_BYTES);
  if (!product.packets.includes(packet)) return NOT_IN_PACKET;
  // Nearly every packet has none of the product's options, and costs nothing but a look at each kind.
  let scan: Scan | undefined;
  let at = from;
  while (at < to) {
    const kind = bytes[at];
    if (kind === END_OF_OPTIONS) break;
    if (kind === NO_OPERATION) {
      at++;
      continue;
    }
    // An option's length counts its first two bytes: with less than 2 the list would not go forwards.
    const end = at + (bytes[at + 1] ?? 0);
    if (end < at + 2 || end > to) {
      if (scan?.claim === undefined) return refuse("broken", bytes, from, to, at);
      scan.warnings.push("broken-tail");
      break;
    }
    const option = findOption(product, bytes, at, end, family);
    if (option !== undefined) {
      scan ??= startScan(from, to);
      const fault = takeOption(scan, product, option, bytes, at, end);
      if (fault !== undefined) return refuse(fault, bytes, from, to, at);
    }
    at = end;
  }
  if (scan?.claim === undefined) return ABSENT;
  const { claim, vip, vpcId, warnings } = scan;
  const beside = { ...(vip === undefined ? {} : { destination: vip }), ...(vpcId === undefined ? {} : { vpcId }) };
  return { ok: true, claim: { ...beside, ...claim }, warnings };
}

function refuse(reason: ToaFault, bytes: Uint8Array, from: number, to: number, at: number): ToaReading {
  const raw = hexText(bytes, from, Math.min(to, from + TOA_OPTIONS_LIMIT_BYTES));
  return { ok: false, reason, at: at - from, raw };
}

/** What was found so far. */
interface Scan {
  /** Where the options begin, and how many bytes they are. */
  readonly from: number;
  readonly length: number;
  claim: ConnectionClaim | undefined;
  claimEnd: number;
  /** What options beside the client's own told. */
  vip: Endpoint | undefined;
  vpcId: number | undefined;
  readonly warnings: ToaWarning[];
}

function startScan(from: number, to: number): Scan {
  return {
    from,
    length: to - from,
    claim: undefined,
    claimEnd: -1,
    vip: undefined,
    vpcId: undefined,
    warnings: [],
  };
}

function takeOption(
  scan: Scan,
  product: ToaProduct,
  option: ToaOption,
  bytes: Uint8Array,
  at: number,
  end: number,
): ToaFault | undefined {
  const fields = TOA_LAYOUTS[option.layout];
  if (fields.address === undefined) {
    if (option.adjacent !== undefined && at !== scan.claimEnd) return undefined;
    scan.vip ??= readVip(fields, bytes, at);
    scan.vpcId ??= readVpcId(fields, bytes, at);
    return undefined;
  }
  if (product.position === "first" && at > scan.from) {
    if (scan.claim === undefined) return "misplaced";
    scan.warnings.push("later-option");
    return undefined;
  }
  if (fields.version !== undefined && bytes[at + fields.version] !== VERSION) return "wrong-version";
  const claim = readClaim(option, fields, fields.address, bytes, at, end);
  if (scan.claim !== undefined) return claim.endpoint?.address === scan.claim.endpoint?.address ? undefined : "several";
  if (mayBeClients(product, scan.length + end - at)) {
    if (fields.family === 4) return "no-room";
    scan.warnings.push("no-room");
  }
  if (isExperiment(option, bytes, at)) scan.warnings.push("experiment");
  scan.claim = claim;
  scan.claimEnd = end;
  return undefined;
}

/** What a TOA module answered to getsockopt(IPPROTO_IP, 4096), or undefined where it is no answer of 20 bytes. */
export function parseToaLookup(answer: Uint8Array): ConnectionClaim | undefined {
  if (answer.length !== LOOKUP_BYTES) return undefined;
  return {
    method: "toa",
    format: "toa-lookup",
    raw: hexText(answer, 0, LOOKUP_TOLD_BYTES),
    says: "address",
    endpoint: { address: addressText(answer, 0, 6), port: portAt(answer, 16) },
  };
}

/** The option of the product that stands in bytes[at, end), or undefined for another's. */
function findOption(
  product: ToaProduct,
  bytes: Uint8Array,
  at: number,
  end: number,
  family: 4 | 6,
): ToaOption | undefined {
  for (const option of product.options) {
    if (option.kind !== bytes[at] || (option.on !== undefined && option.on !== family)) continue;
    const { lengthBytes, exId } = TOA_LAYOUTS[option.layout];
    const length = end - at;
    if (option.open === undefined ? length !== lengthBytes : length < lengthBytes) continue;
    if (exId !== undefined && readShort(bytes, at + exId) !== HOST_ID_EXID) continue;
    return option;
  }
  return undefined;
}

function readClaim(
  option: ToaOption,
  fields: ToaFields,
  offset: number,
  bytes: Uint8Array,
  at: number,
  end: number,
): ConnectionClaim {
  const claim = { method: "toa", format: `toa-${option.kind}`, raw: hexText(bytes, at, end) } as const;
  const address = at + offset;
  let { family } = fields;
  if (fields.exId !== undefined) {
    const idBytes = end - address;
    // RFC 7974, 3.1: an id may be anything that tells subscribers apart; these two lengths are addresses.
    if (idBytes !== 4 && idBytes !== 16) return { ...claim, says: "unknown" };
    family = idBytes === 4 ? 4 : 6;
  }
  const port = fields.port === undefined ? undefined : portAt(bytes, at + fields.port);
  const endpoint = { address: addressText(bytes, address, family), port };
  const destination = readVip(fields, bytes, at);
  const vpcId = readVpcId(fields, bytes, at);
  return {
    ...claim,
    says: "address",
    endpoint,
    ...(destination === undefined ? {} : { destination }),
    ...(vpcId === undefined ? {} : { vpcId }),
  };
}

function readVip(fields: ToaFields, bytes: Uint8Array, at: number): Endpoint | undefined {
  if (fields.vip === undefined) return undefined;
  const port = fields.vipPort === undefined ? undefined : portAt(bytes, at + fields.vipPort);
  return { address: addressText(bytes, at + fields.vip, fields.family), port };
}

function readVpcId(fields: ToaFields, bytes: Uint8Array, at: number): number | undefined {
  if (fields.vpcId === undefined) return undefined;
  const word = readWord(bytes, at + fields.vpcId.at) >>> 0;
  return fields.vpcId.bytes === 3 ? word >>> 8 : word;
}

/** No client connects from port 0: it means that no port was named. */
function portAt(bytes: Uint8Array, at: number): number | undefined {
  const port = readShort(bytes, at);
  return port === 0 ? undefined : port;
}

/**
 * A balancer that finds no room for its option forwards the packet without. Had it found room, it would have put its own in front of a client's:
 * only where options that came would not have fitted beside it can the first one be a client's.
 */
function mayBeClients(product: ToaProduct, bytesWithBoth: number): boolean {
  return product.position === "first" && !product.strips && bytesWithBoth > TOA_OPTIONS_LIMIT_BYTES;
}

/** RFC 6994 lets experiments share kinds 253 and 254: their identifier stands where TOA has its port. */
function isExperiment({ kind, layout }: ToaOption, bytes: Uint8Array, at: number): boolean {
  if (kind < 253 || layout === "host-id") return false;
  const id = readShort(bytes, at + 2);
  return id === FAST_OPEN_EXID || id === HOST_ID_EXID || readWord(bytes, at + 2) >>> 0 === SMC_EXID;
}

const NOT_IN_PACKET: ToaReading = { ok: false, reason: "not-in-packet", at: 0, raw: "" };
const ABSENT: ToaReading = { ok: false, reason: "absent", at: 0, raw: "" };
