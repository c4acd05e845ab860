import { FoundAddress } from "../address/found.ts";
import { readAddress } from "../address/reader.ts";
import { formatWords } from "../address/text.ts";

/** A CIDR prefix (RFC 4632, RFC 4291, 2.3), or a single address as its longest prefix. Words are unsigned; IPv4 uses the first alone. */
export interface Prefix {
  readonly family: 4 | 6;
  readonly words: readonly [number, number, number, number];
  /** 0 to 32, or 0 to 128. */
  readonly length: number;
  /** Only for link-local addresses that were written with one; such a prefix covers addresses of that zone alone. */
  readonly zone: string | undefined;
}

const found = new FoundAddress();

/** Why a text is no prefix. */
export type PrefixFault =
  | "not-an-address"
  | "no-length"
  | "length-out-of-range"
  | "host-bits"
  | "mapped-too-short"
  | "unspecified";

/**
 * Strict: an address, or an address, "/" and a decimal length without leading zeros, with no bits behind it.
 * A mapped prefix is counted from its 128 bits: `::ffff:10.0.0.0/104` is 10.0.0.0/8, and one shorter than /96 would cover IPv6 as well and is refused
 * (CVE-2026-90711). `0.0.0.0` and `::` alone are not addresses of a machine; `0.0.0.0/0` and `::/0` are prefixes.
 */
export function readPrefix(text: string): Prefix | PrefixFault {
  const slash = text.indexOf("/");
  const end = slash < 0 ? text.length : slash;
  if (!readAddress(found, text, 0, end)) return "not-an-address";
  const { family, mapped } = found;
  const words: [number, number, number, number] =
    family === 4 ? [found.w0 >>> 0, 0, 0, 0] : [found.w0 >>> 0, found.w1 >>> 0, found.w2 >>> 0, found.w3 >>> 0];
  const zone = found.zone < 0 ? undefined : text.slice(found.zone + 1, end);
  const width = family === 4 ? 32 : 128;
  let length = width;
  if (slash < 0) {
    if (words.every((word) => word === 0)) return "unspecified";
  } else {
    const written = parseLength(text.slice(slash + 1));
    if (written === undefined) return "no-length";
    if (written > (mapped ? 128 : width)) return "length-out-of-range";
    length = mapped ? written - 96 : written;
    if (length < 0) return "mapped-too-short";
  }
  for (let index = 0; index < width / 32; index++) {
    if (((words[index] as number) & ~wordMask(length, index)) !== 0) return "host-bits";
  }
  return { family, words, length, zone };
}

/** The prefix that `text` writes, or undefined. */
export function parsePrefix(text: string): Prefix | undefined {
  const prefix = readPrefix(text);
  return typeof prefix === "string" ? undefined : prefix;
}

/** `10.0.0.0/8`, `2001:db8::/32`, `fe80::%eth0/10`; always with its length. */
export function formatPrefix({ family, words, length, zone }: Prefix): string {
  return `${formatWords(family, ...words)}${zone === undefined ? "" : `%${zone}`}/${length}`;
}

/** Whether `prefix` covers `address` (canonical or not). An IPv4 prefix never covers an IPv6 address; mapped addresses are IPv4. False for text that is no address. */
export function covers(prefix: Prefix, address: string): boolean {
  if (!readAddress(found, address, 0, address.length) || found.family !== prefix.family) return false;
  if (prefix.zone !== undefined && (found.zone < 0 || address.slice(found.zone + 1) !== prefix.zone)) return false;
  const words = [found.w0, found.w1, found.w2, found.w3];
  for (let index = 0; index < (prefix.family === 4 ? 1 : 4); index++) {
    if ((((words[index] as number) ^ (prefix.words[index] as number)) & wordMask(prefix.length, index)) !== 0)
      return false;
  }
  return true;
}

/** The bits of word `index` that a prefix of `length` bits fixes. */
export function wordMask(length: number, index: number): number {
  const bits = length - 32 * index;
  return bits <= 0 ? 0 : bits >= 32 ? -1 : -1 << (32 - bits);
}

function parseLength(text: string): number | undefined {
  return /^(?:0|[1-9][0-9]{0,2})$/.test(text) ? Number(text) : undefined;
}
