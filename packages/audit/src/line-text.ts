/** Control characters of ASCII and of C1, and what Unicode takes for the end of a line: a terminal or a log reader may obey them. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}]/gu;

/** JSON on one line, which no text inside can end, and no terminal obeys. */
export function jsonLine(value: unknown): string {
  return JSON.stringify(value).replace(
    UNPRINTABLE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Text with every unprintable character as `\xHH` (Apache's way), and with `\` and `"` escaped. */
export function quotedText(text: string): string {
  return text
    .replace(/["\\]/g, "\\$&")
    .replace(UNPRINTABLE, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`);
}

/** Text without unprintable characters, which become spaces. */
export function plainText(text: string): string {
  return text.replace(UNPRINTABLE, " ");
}
