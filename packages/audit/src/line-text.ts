/** Control characters of ASCII and of C1, and what Unicode takes for the end of a line: a terminal or a log reader may obey them. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}]/gu;

/** What JSON does not escape by itself of these. */
// oxlint-disable-next-line no-control-regex
const UNESCAPED = /[\u007f-\u009f\u2028\u2029]/;

/** JSON on one line, which no text inside can end, and no terminal obeys. */
export function jsonLine(value: unknown): string {
  const text = JSON.stringify(value);
  // A line is written for every request, and has hardly ever any of them.
  if (!UNESCAPED.test(text)) return text;
  return text.replace(UNPRINTABLE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
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
