import { formatPrefix, parseAddress } from "@wherefrom/core";

/** The network around an address (/24 of IPv4, /48 of IPv6), and of IPv6 its link (/64). Neither of what is no address, or has a zone. */
export function networksOf(source: string): { readonly prefix?: string; readonly link?: string } {
  const address = parseAddress(source);
  if (address === undefined || address.zone !== undefined) return {};
  if (address.family === 4) return { prefix: `${source.slice(0, source.lastIndexOf("."))}.0/24` };
  const [first = 0, second = 0] = address.words;
  const prefixOf = (word: number, length: number): string =>
    formatPrefix({ family: 6, words: [first, word, 0, 0], length, zone: undefined });
  return { prefix: prefixOf((second & 0xffff0000) >>> 0, 48), link: prefixOf(second, 64) };
}
