import { FoundAddress } from "../address/found.ts";
import { readAddress } from "../address/reader.ts";
import { formatWords } from "../address/text.ts";
import { wordMask } from "./prefix.ts";

/** First word of the well-known NAT64 prefix, 64:ff9b::/96 (RFC 6052, 2.1), behind which an IPv4 host stands. */
const NAT64 = 0x0064ff9b;

const found = new FoundAddress();

/** The block that an address belongs to, e.g. `2001:db8:1:2::` of length 64; IPv4-mapped and NAT64 addresses are the IPv4 host's. */
export interface AddressBlock {
  readonly family: 4 | 6;
  /** First address of the block, RFC 5952. */
  readonly first: string;
  readonly length: number;
}

/** The block of the given length for the address's family, or undefined for text that is no address. A zone is dropped: it names our interface. */
export function addressBlock(address: string, v4Length: number, v6Length: number): AddressBlock | undefined {
  if (!readAddress(found, address, 0, address.length)) return undefined;
  const { family, w0, w1, w2, w3 } = found;
  if (family === 4) return block4(w0, v4Length);
  if (w0 === NAT64 && (w1 | w2) === 0) return block4(w3, v4Length);
  const [a, b, c, d] = [w0, w1, w2, w3].map((word, index) => word & wordMask(v6Length, index)) as [
    number,
    number,
    number,
    number,
  ];
  return { family: 6, first: formatWords(6, a, b, c, d), length: v6Length };
}

function block4(word: number, length: number): AddressBlock {
  return { family: 4, first: formatWords(4, word & wordMask(length, 0), 0, 0, 0), length };
}
