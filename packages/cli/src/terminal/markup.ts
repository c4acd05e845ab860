import { plainText } from "./plain-text.ts";

/** Text of a client's, for XML and HTML, between tags and in attributes. */
export function markupText(text: string): string {
  return plainText(text)
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
