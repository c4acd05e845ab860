import { invalidCarrier } from "../../options/errors.ts";
import { explainUnknownKey } from "../../options/keys.ts";
import { hintAt } from "../../options/spelling.ts";
import { valueText } from "../../options/value-text.ts";

/** Where an option stands: among the options of the IPv4 header, in an IPv6 destination options header, or in the header of IP protocol 248. */
export type UdpOptionPlace = "ipv4-option" | "ipv6-destination-option" | "protocol-248";

/** One option of a datagram. Offsets count from its kind byte, and all fields are in network order. */
export interface UdpOption {
  /** In which header it stands. */
  readonly where: UdpOptionPlace;
  /** Its kind byte. */
  readonly kind: number;
  /** Of the whole option, kind and length bytes included, on both IP versions (on the wire IPv6's length leaves these two out). */
  readonly length: number;
  /** IP version of the address. */
  readonly family: 4 | 6;
  /** Offset of the client's address. */
  readonly address: number;
  /** Offset of the client's port. */
  readonly port?: number;
  /** What the client sent to, of the same family. */
  readonly vip?: number;
  /** Offset of the port that the client sent to. */
  readonly vipPort?: number;
  /** Four bytes. */
  readonly vpcId?: number;
}

/** A balancer, by the options that it puts into datagrams. */
export interface UdpProduct {
  /** Its name in proofs. */
  readonly name: string;
  /** The options that it writes. */
  readonly options: readonly UdpOption[];
  /** "first-of-flow": later datagrams of a flow come without, and must be remembered. */
  readonly sends: "every-datagram" | "first-of-flow";
}

/** A balancer whose options are known. */
export type UdpProductName = "dpvs" | "dpvs-opp" | "bytedance";

/** A balancer that is no known product. */
export interface CustomUdpOption extends UdpOption {
  /** Default "every-datagram". */
  readonly sends?: UdpProduct["sends"];
}

/** Bytedance's fields behind the given offset; kinds 31 and 30 are laid out alike. */
const bytedance = (where: UdpOptionPlace, at: number): UdpOption[] => [
  ...[31, 30].flatMap((kind): UdpOption[] => [
    { where, kind, length: at + 12, family: 4, port: at, vipPort: at + 2, address: at + 4, vip: at + 8 },
    { where, kind, length: at + 36, family: 6, port: at, vipPort: at + 2, address: at + 4, vip: at + 20 },
  ]),
  { where, kind: 29, length: at + 12, family: 4, vpcId: at, port: at + 4, address: at + 8 },
  { where, kind: 29, length: at + 28, family: 6, vpcId: at, port: at + 4, address: at + 8 },
];

/** dpvs' option, of a client of either family, whatever family the packet is of. */
const uoa = (where: UdpOptionPlace): UdpOption[] => [
  { where, kind: 31, length: 8, family: 4, port: 2, address: 4 },
  { where, kind: 31, length: 20, family: 6, port: 2, address: 4 },
];

/**
 * dpvs: uoa_mode ipo, by default in the first three datagrams of a flow (iqiyi/dpvs include/uoa.h, uoa_max_trail). dpvs-opp: uoa_mode opp. bytedance: bytedance/uoa 2.2.1; whether
 * its balancer writes into every datagram is said nowhere, and with "every-datagram" a datagram without it has no client.
 */
export const UDP_PRODUCTS: Readonly<Record<UdpProductName, Omit<UdpProduct, "name">>> = {
  // Over IPv6 dpvs itself has no such form: native/bpf/opp.bpf.c makes it of the other one.
  dpvs: { options: [...uoa("ipv4-option"), ...uoa("ipv6-destination-option")], sends: "first-of-flow" },
  "dpvs-opp": { options: uoa("protocol-248"), sends: "first-of-flow" },
  bytedance: {
    // Over IPv4 two more bytes (operation, padding) stand before the fields.
    options: [...bytedance("ipv4-option", 4), ...bytedance("ipv6-destination-option", 2)],
    sends: "every-datagram",
  },
};

export const UDP_PRODUCT_NAMES: readonly UdpProductName[] = Object.keys(UDP_PRODUCTS) as UdpProductName[];

/** Kinds that IPv4 and IPv6 use themselves: end, no-operation (Pad1, PadN), record route, timestamp, source routes, router alert. */
const IPV4_KINDS: readonly number[] = [0, 1, 7, 68, 131, 137, 148];
const IPV6_KINDS: readonly number[] = [0, 1, 5, 0xc9];
/** Room for options in an IPv4 header (RFC 791, 3.1), what a socket's control message of ours holds for IPv6, and the longer one of dpvs' two. */
const LIMIT_BYTES: Readonly<Record<UdpOptionPlace, number>> = {
  "ipv4-option": 40,
  "ipv6-destination-option": 257,
  "protocol-248": 20,
};
const KEYS = ["where", "kind", "length", "family", "address", "port", "vip", "vipPort", "vpcId", "sends"];

/** The product of this name, or the described one. Throws `ERR_WHEREFROM_INVALID_CARRIER`. */
export function compileUdpProduct(option: UdpProductName | CustomUdpOption): UdpProduct {
  if (typeof option === "object" && option !== null) return compileCustom(option);
  if (typeof option === "string" && Object.hasOwn(UDP_PRODUCTS, option))
    return { name: option, ...UDP_PRODUCTS[option] };
  throw invalidCarrier(`${valueText(option)} is not a product with UDP options; ${hintAt(option, UDP_PRODUCT_NAMES)}`);
}

function compileCustom({ sends = "every-datagram", ...option }: CustomUdpOption): UdpProduct {
  const { where, kind, length, family } = option;
  const fault = explainUnknownKey(option, KEYS);
  if (fault !== undefined) throw invalidCarrier(fault);
  if (!Object.hasOwn(LIMIT_BYTES, where)) {
    throw invalidCarrier(`where is "${Object.keys(LIMIT_BYTES).join('", "')}", not ${valueText(where)}`);
  }
  const taken = where === "ipv6-destination-option" ? IPV6_KINDS : IPV4_KINDS;
  if (!Number.isInteger(kind) || kind < 0 || kind > 255 || taken.includes(kind)) {
    throw invalidCarrier(`${valueText(kind)} is not a kind of ${where} that a balancer may use`);
  }
  if (family !== 4 && family !== 6) throw invalidCarrier(`family is 4 or 6, not ${valueText(family)}`);
  if (!Number.isInteger(length) || length < 6 || length > LIMIT_BYTES[where]) {
    throw invalidCarrier(`length is a whole number from 6 to ${LIMIT_BYTES[where]}, not ${valueText(length)}`);
  }
  if (sends !== "every-datagram" && sends !== "first-of-flow") {
    throw invalidCarrier(`sends is "every-datagram" or "first-of-flow", not ${valueText(sends)}`);
  }
  const bytes = family === 4 ? 4 : 16;
  checkField("address", option.address, bytes, length);
  for (const [key, size] of [
    ["port", 2],
    ["vip", bytes],
    ["vipPort", 2],
    ["vpcId", 4],
  ] as const) {
    if (option[key] !== undefined) checkField(key, option[key], size, length);
  }
  return { name: `custom ${kind}/${length}`, options: [option], sends };
}

function checkField(key: string, at: number, size: number, length: number): void {
  if (Number.isInteger(at) && at >= 2 && at + size <= length) return;
  throw invalidCarrier(`${key} is at byte 2 to ${length - size} of an option of ${length}, not ${valueText(at)}`);
}
