/** Control characters of ASCII and C1, and what Unicode takes for the end of a line. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}]/gu;

/** Text of a client's, for a terminal: what it might obey is written as `\xHH`, and no more than `limit` characters of it. */
export function plainText(text: string, limit: number = Infinity): string {
  const plain = text.replace(UNPRINTABLE, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`);
  return plain.length <= limit ? plain : `${plain.slice(0, limit - 1)}…`;
}
