import { TRUSTED } from "./requests.mjs";

/** `count` prefixes from a fixed seed, a fifth of them IPv6, of the lengths that routing tables have. */
export function generatePrefixes(count) {
  const random = generator(12_345);
  const prefixes = new Set(TRUSTED);
  while (prefixes.size < count) {
    if (random() < 0.2) {
      const length = 32 + Math.floor(random() * 17);
      const third = (random() * 65_536) & (length >= 48 ? 0xffff : 0xffff << (48 - length));
      const hex = (value) => (value & 0xffff).toString(16);
      prefixes.add(
        `2a${hex(16 + random() * 240).padStart(2, "0")}:${hex(1 + random() * 65_534)}:${hex(third)}::/${length}`,
      );
    } else {
      const length = 14 + Math.floor(random() * 17);
      const word = (((100 + Math.floor(random() * 80)) << 24) | Math.floor(random() * 2 ** 24)) & (-1 << (32 - length));
      prefixes.add(`${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}/${length}`);
    }
  }
  return [...prefixes];
}

/** mulberry32 */
function generator(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
