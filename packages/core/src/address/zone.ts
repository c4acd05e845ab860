/** Longest zone, in characters: Linux interface names (IFNAMSIZ, 16 bytes with the terminator). */
export const ZONE_LIMIT = 15;

const HYPHEN = 45;
const DOT = 46;
const ZERO = 48;
const NINE = 57;
const UNDERSCORE = 95;

/** Whether text[from, to) is an interface name: letters, digits and "._-" (RFC 4007, 11.2 leaves the characters to the system; these are what Linux, BSD and Windows use). */
export function isZone(text: string, from: number, to: number): boolean {
  if (from >= to || to - from > ZONE_LIMIT) return false;
  for (let at = from; at < to; at++) {
    const code = text.charCodeAt(at);
    const letter = (code | 32) >= 97 && (code | 32) <= 122;
    if (!letter && (code < ZERO || code > NINE) && code !== DOT && code !== HYPHEN && code !== UNDERSCORE) return false;
  }
  return true;
}
