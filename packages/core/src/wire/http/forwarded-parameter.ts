import { skipToken } from "./token.ts";

/** Bits of `parameterBit`. */
export const FOR = 1;
const BY = 2;
const HOST = 4;
export const PROTO = 8;

/** A bit for each registered parameter (RFC 7239, 5); 0 for an extension. Names are compared without regard to case. */
export function parameterBit(text: string, from: number, to: number): number {
  switch (to - from) {
    case 2:
      return isNamed(text, from, "by") ? BY : 0;
    case 3:
      return isNamed(text, from, "for") ? FOR : 0;
    case 4:
      return isNamed(text, from, "host") ? HOST : 0;
    case 5:
      return isNamed(text, from, "proto") ? PROTO : 0;
  }
  return 0;
}

/** Whether the letters of `name`, in either case, stand at `from`. */
function isNamed(text: string, from: number, name: string): boolean {
  for (let index = 0; index < name.length; index++) {
    if ((text.charCodeAt(from + index) | 32) !== name.charCodeAt(index)) return false;
  }
  return true;
}

/** A quoted string's text without its quoted pairs (RFC 9110, 5.6.4). */
export function unescape(text: string): string {
  return text.replaceAll(/\\(.)/g, "$1");
}

const PARAMETERS = /([^=; \t]+)=(?:"((?:[^"\\]|\\.)*)"|([^;]*))/g;

/**
 * The value of a parameter in text[from, to), an element that `readLastForwarded` took; without its quotes. Undefined where it is not there, where it stands there several times, and
 * where its value is neither a token nor a quoted string.
 */
export function forwardedParameter(text: string, from: number, to: number, name: string): string | undefined {
  const values: (string | undefined)[] = [];
  for (const [, key, string, unquoted = ""] of text.slice(from, to).matchAll(PARAMETERS)) {
    if (key?.toLowerCase() !== name) continue;
    const token = unquoted.replace(/[ \t]+$/, "");
    const isToken = token !== "" && skipToken(token, 0, token.length) === token.length;
    values.push(string === undefined ? (isToken ? token : undefined) : unescape(string));
  }
  return values.length === 1 ? values[0] : undefined;
}
