/**
 * What a terminal, an editor or a reader of logs may obey or hide: control characters of ASCII and C1 (0x9b begins an escape sequence), what Unicode takes for the end of a line, soft
 * hyphens, zero-width characters, direction marks and overrides, invisible operators, byte order marks, and halves of surrogate pairs.
 */
const INVISIBLE = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]/u;
const EACH = new RegExp(INVISIBLE, "gu");

/** The text with what `write` answers in the place of each invisible character, which is one UTF-16 code unit and given as its number. */
export function replaceInvisible(text: string, write: (code: number) => string): string {
  // Hardly any text has one.
  return INVISIBLE.test(text) ? text.replace(EACH, (character) => write(character.charCodeAt(0))) : text;
}

/** JSON on one line, in which nothing is invisible: no text inside can forge a line of a log or colour a terminal. */
export function jsonLine(value: unknown): string {
  return replaceInvisible(JSON.stringify(value), (code) => `\\u${code.toString(16).padStart(4, "0")}`);
}

/** The text with each invisible character as `\xHH`, Apache's way; code points above U+00FF have four digits. */
export function escapedText(text: string): string {
  return replaceInvisible(text, (code) => `\\x${code.toString(16).padStart(2, "0")}`);
}
