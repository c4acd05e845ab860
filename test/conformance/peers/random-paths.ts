/** Most elements of a list that is written here: with the peer, seven machines. */
const ELEMENT_LIMIT = 6;

/** 16-bit groups of the IPv6 addresses here. Few values, so that prefixes of every length meet addresses in and just outside of them. */
const GROUPS = [0, 0, 1, 0xdb8, 0x8000, 0xffff];
const OCTETS = [0, 1, 2, 127, 128, 255];

/**
 * Trusted prefixes and paths through them, well formed: what every strict and every loose reader must read alike.
 * Prefixes nest; addresses are IPv4, IPv6 and IPv4-mapped in both spellings, in lower and upper case. The same seed gives the same sequence.
 */
export class RandomPaths {
  readonly seed: number;
  #state: number;

  constructor(seed: number) {
    this.seed = seed;
    this.#state = seed | 0;
  }

  /** One to six prefixes: IPv4 from /1, IPv6 from /16, mapped from /97; often one inside another. */
  prefixes(): string[] {
    const prefixes = new Set<string>();
    for (let count = 1 + this.#below(6); count > 0; count--) {
      const kind = this.#below(5);
      if (kind < 3) {
        const length = 1 + this.#below(32);
        const words = mask([this.#ipv4()], length);
        const dotted = formatIPv4(words[0] as number);
        prefixes.add(
          kind === 2
            ? `::ffff:${dotted}/${length + 96}`
            : length === 32 && this.#below(2) === 0
              ? dotted
              : `${dotted}/${length}`,
        );
      } else {
        const length = 16 + this.#below(113);
        prefixes.add(`${formatIPv6(mask(this.#ipv6(), length))}/${length}`);
      }
    }
    return [...prefixes];
  }

  /** A peer, and the X-Forwarded-For of 0 to `ELEMENT_LIMIT` elements that it sent. */
  path(): { peer: string; header: string } {
    const elements = Array.from({ length: this.#below(ELEMENT_LIMIT + 1) }, () => this.#address());
    return { peer: this.#address(), header: elements.join(this.#below(3) === 0 ? "," : ", ") };
  }

  #address(): string {
    const kind = this.#below(10);
    if (kind < 4) return formatIPv4(this.#ipv4());
    if (kind === 4) return `::ffff:${formatIPv4(this.#ipv4())}`;
    if (kind === 5) return formatIPv6([0, 0, 0xffff, this.#ipv4()]);
    const text = formatIPv6(this.#ipv6());
    return kind === 6 ? text.toUpperCase() : text;
  }

  #ipv4(): number {
    const octet = (): number => OCTETS[this.#below(OCTETS.length)] as number;
    return ((10 + this.#below(2)) << 24) | (octet() << 16) | (octet() << 8) | (1 + octet() / 2);
  }

  #ipv6(): number[] {
    const word = (): number =>
      ((GROUPS[this.#below(GROUPS.length)] as number) << 16) | (GROUPS[this.#below(GROUPS.length)] as number);
    return [0x20010db8, word(), word(), word()];
  }

  /** A whole number from 0 to `limit` - 1 (xorshift32). */
  #below(limit: number): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state;
    return (state >>> 0) % limit;
  }
}

function mask(words: readonly number[], length: number): number[] {
  return words.map((word, index) => {
    const bits = length - 32 * index;
    return bits <= 0 ? 0 : bits >= 32 ? word : word & (-1 << (32 - bits));
  });
}

function formatIPv4(word: number): string {
  return [24, 16, 8, 0].map((shift) => (word >>> shift) & 255).join(".");
}

/** Eight groups, the first run of two zeros or more shortened. Valid text, and not always the canonical one. */
function formatIPv6(words: readonly number[]): string {
  const text = words.flatMap((word) => [(word >>> 16).toString(16), (word & 0xffff).toString(16)]).join(":");
  return text.replace(/(?:^|:)0(?::0)+(?::|$)/, "::");
}
