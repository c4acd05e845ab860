/** Bits of a match that hold the length: 0 to 128. The owner has the 24 bits above them, so that both are one number and a look-up allocates nothing. */
const LENGTH_BITS = 8;

/** Largest owner: what 32 bits leave beside the length. */
export const OWNER_LIMIT = 0xff_ffff;

declare const packed: unique symbol;

/** The longest prefix that covers an address: its owner and its length in one unsigned 32-bit number. `NO_MATCH` where no prefix covers it. Made by `matchOf` alone. */
export type Match = number & { readonly [packed]: true };

/** No owner is 0, so no match is. */
export const NO_MATCH: Match = 0 as Match;

/** `owner` is 1 to `OWNER_LIMIT`, `length` 0 to 128. */
export function matchOf(owner: number, length: number): Match {
  return ((owner << LENGTH_BITS) | length) as Match;
}

/** 1 to `OWNER_LIMIT`; 0 of `NO_MATCH`. */
export function ownerOf(match: Match): number {
  return match >>> LENGTH_BITS;
}

/** 0 to 128; 0 of `NO_MATCH` as well. */
export function lengthOf(match: Match): number {
  return match & 0xff;
}
