import { escapedText } from "@wherefrom/core/internal";

/** Text of a client's, for a terminal: what it might obey or hide is written as `\xHH`, and no more than `limit` characters of it. */
export function plainText(text: string, limit: number = Infinity): string {
  const plain = escapedText(text);
  return plain.length <= limit ? plain : `${plain.slice(0, limit - 1)}…`;
}
