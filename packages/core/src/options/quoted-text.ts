import { jsonLine } from "./invisible.ts";

/** A text from the wire as a JSON string of one line, in which nothing is invisible. */
export function quoteText(text: string): string {
  return jsonLine(text);
}
