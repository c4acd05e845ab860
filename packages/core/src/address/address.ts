import { FoundAddress } from "./found.ts";
import { readAddress } from "./reader.ts";
import { foundText } from "./text.ts";

const found = new FoundAddress();

/** An IP address as a value: compare `text`, or `words` where order or bits matter. */
export interface Address {
  readonly family: 4 | 6;
  /** Canonical text: RFC 5952; IPv4-mapped addresses are IPv4 and written so. */
  readonly text: string;
  /** Unsigned 32-bit words in network order: one for IPv4, four for IPv6. */
  readonly words: readonly number[];
  /** Zone of a link-local address, without the "%". Part of `text`. */
  readonly zone: string | undefined;
}

/**
 * Strict, as Go's net/netip: undefined for octal, hexadecimal, short and integer forms, leading zeros, ports, brackets, host names and white space.
 * `0.0.0.0` and `::` are addresses here; the walk takes neither for a host's.
 */
export function parseAddress(text: string): Address | undefined {
  if (!readAddress(found, text, 0, text.length)) return undefined;
  const { family, w0, w1, w2, w3, zone } = found;
  return {
    family,
    text: foundText(found, text),
    words: family === 4 ? [w0 >>> 0] : [w0 >>> 0, w1 >>> 0, w2 >>> 0, w3 >>> 0],
    zone: zone < 0 ? undefined : text.slice(zone + 1),
  };
}
