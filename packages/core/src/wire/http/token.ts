/** Characters of a token (RFC 9110, 5.6.2), by code. */
const TOKEN = new Uint8Array(128);
for (const character of "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") {
  TOKEN[character.charCodeAt(0)] = 1;
}

/** Whether a character of this code may stand in a token. */
export function isToken(code: number): boolean {
  return code < TOKEN.length && TOKEN[code] === 1;
}

/** Where the token begins that ends at `end`; `end` itself where there is none. */
export function tokenBefore(text: string, floor: number, end: number): number {
  let at = end;
  while (at > floor) {
    if (!isToken(text.charCodeAt(at - 1))) break;
    at--;
  }
  return at;
}

/** Where the token ends that begins at `from`; `from` itself where there is none. */
export function skipToken(text: string, from: number, to: number): number {
  let at = from;
  while (at < to) {
    if (!isToken(text.charCodeAt(at))) break;
    at++;
  }
  return at;
}
