import type { ConnectionClaim } from "../../evidence/claim.ts";
import type { Endpoint } from "../../address/endpoint.ts";
import { addressText, hexText, readShort, readWord } from "../../address/bytes.ts";
import type { UdpOption, UdpOptionPlace, UdpProduct } from "./products.ts";

const END_OF_OPTIONS = 0;
const NO_OPERATION = 1;
const PAD1 = 0;

/**
 * Why there is no claim. `absent`: none of the product's options is there. `several`: they name different clients. `broken`: an option without a length,
 * or longer than what is left, before any of the product's.
 */
export type UdpOptionFault = "absent" | "several" | "broken";

/** dpvs include/uoa.h, struct opphdr: the version in the high half of a byte, the protocol that comes next, and the length of header and options. */
const OPP_HEAD_BYTES = 4;
const OPP_VERSION: Readonly<Record<4 | 6, number>> = { 4: 1, 6: 2 };
const UDP = 17;

/**
 * What `product` said in the options bytes[from, to) of one datagram: IPv4's as they stand in the header (IP_RECVOPTS), an IPv6 destination options header
 * from its next-header byte on (IPV6_RECVDSTOPTS), or the header of IP protocol 248. Never throws; looks at each option once. The claim reads what only the proof shows
 * from the bytes when it is asked for: they must not change.
 */
export function parseUdpOptions(
  bytes: Uint8Array,
  product: UdpProduct,
  where: UdpOptionPlace,
  from = 0,
  to: number = bytes.length,
): ConnectionClaim | UdpOptionFault {
  switch (where) {
    case "ipv4-option":
      return parseList(bytes, product, where, from, to);
    case "ipv6-destination-option":
      return parseIpv6(bytes, product, from, to);
    case "protocol-248":
      return parseOpp(bytes, product, from, to);
  }
}

/** Its version is the client's family, whatever family the packet is of. */
function parseOpp(bytes: Uint8Array, product: UdpProduct, from: number, to: number): ConnectionClaim | UdpOptionFault {
  const isHeader = to - from > OPP_HEAD_BYTES && bytes[from + 1] === UDP && readShort(bytes, from + 2) === to - from;
  if (!isHeader) return "broken";
  const reading = parseList(bytes, product, "protocol-248", from + OPP_HEAD_BYTES, to);
  if (typeof reading === "string") return reading;
  const family = reading.endpoint?.address.includes(":") === true ? 6 : 4;
  return (bytes[from] as number) >> 4 === OPP_VERSION[family] ? reading : "broken";
}

/** As in an IPv4 header (RFC 791, 3.1): kind, and a length that counts both bytes. */
function parseList(
  bytes: Uint8Array,
  product: UdpProduct,
  where: UdpOptionPlace,
  from: number,
  to: number,
): ConnectionClaim | UdpOptionFault {
  let claim: ConnectionClaim | undefined;
  for (let at = from; at < to && bytes[at] !== END_OF_OPTIONS;) {
    if (bytes[at] === NO_OPERATION) {
      at++;
      continue;
    }
    const end = at + (at + 1 < to ? (bytes[at + 1] as number) : 0);
    if (end < at + 2 || end > to) return claim ?? "broken";
    const found = readOption(bytes, product, where, at, end);
    if (found !== undefined && !agree(claim, found)) return "several";
    claim ??= found;
    at = end;
  }
  return claim ?? "absent";
}

/** RFC 8200, 4.2 and 4.6: next header, length in 8 bytes beyond the first 8, then kind, and a length that counts neither of its two bytes. */
function parseIpv6(bytes: Uint8Array, product: UdpProduct, from: number, to: number): ConnectionClaim | UdpOptionFault {
  if (to - from < 2 || to - from !== 8 * (1 + (bytes[from + 1] as number))) return "broken";
  let claim: ConnectionClaim | undefined;
  for (let at = from + 2; at < to;) {
    if (bytes[at] === PAD1) {
      at++;
      continue;
    }
    const end = at + 1 < to ? at + 2 + (bytes[at + 1] as number) : to + 1;
    if (end > to) return claim ?? "broken";
    const found = readOption(bytes, product, "ipv6-destination-option", at, end);
    if (found !== undefined && !agree(claim, found)) return "several";
    claim ??= found;
    at = end;
  }
  return claim ?? "absent";
}

function agree(claim: ConnectionClaim | undefined, other: ConnectionClaim): boolean {
  const { endpoint } = claim ?? other;
  return endpoint?.address === other.endpoint?.address && endpoint?.port === other.endpoint?.port;
}

function readOption(
  bytes: Uint8Array,
  { options }: UdpProduct,
  where: UdpOptionPlace,
  at: number,
  end: number,
): ConnectionClaim | undefined {
  for (const option of options) {
    if (option.kind === bytes[at] && option.length === end - at && option.where === where) {
      return readClaim(bytes, option, at, end);
    }
  }
  return undefined;
}

function readClaim(bytes: Uint8Array, option: UdpOption, at: number, end: number): ConnectionClaim {
  const { family, address, port } = option;
  const endpoint = { address: addressText(bytes, at + address, family), port: portAt(bytes, at, port) };
  return new UdpOptionClaim(bytes, option, at, end, endpoint);
}

/** What only the proof shows is read from the bytes when it is asked for. */
class UdpOptionClaim implements ConnectionClaim {
  readonly endpoint: Endpoint;
  readonly #bytes: Uint8Array;
  readonly #option: UdpOption;
  readonly #at: number;
  readonly #end: number;

  constructor(bytes: Uint8Array, option: UdpOption, at: number, end: number, endpoint: Endpoint) {
    this.endpoint = endpoint;
    this.#bytes = bytes;
    this.#option = option;
    this.#at = at;
    this.#end = end;
  }

  get method(): "udp-option" {
    return "udp-option";
  }

  get says(): "address" {
    return "address";
  }

  get format(): string {
    return `${this.#option.where === "protocol-248" ? "opp" : "udp"}-${this.#option.kind}`;
  }

  get raw(): string {
    return hexText(this.#bytes, this.#at, this.#end);
  }

  get destination(): Endpoint | undefined {
    const { family, vip, vipPort } = this.#option;
    if (vip === undefined) return undefined;
    return { address: addressText(this.#bytes, this.#at + vip, family), port: portAt(this.#bytes, this.#at, vipPort) };
  }

  get vpcId(): number | undefined {
    const { vpcId } = this.#option;
    return vpcId === undefined ? undefined : readWord(this.#bytes, this.#at + vpcId) >>> 0;
  }

  toJSON(): ConnectionClaim {
    const { method, format, raw, says, endpoint, destination, vpcId } = this;
    return { method, format, raw, says, endpoint, destination, vpcId };
  }

  [Symbol.for("nodejs.util.inspect.custom")](): ConnectionClaim {
    return this.toJSON();
  }
}

/** No client sends from port 0: it means that no port was named. */
function portAt(bytes: Uint8Array, at: number, offset: number | undefined): number | undefined {
  const port = offset === undefined ? 0 : readShort(bytes, at + offset);
  return port === 0 ? undefined : port;
}
