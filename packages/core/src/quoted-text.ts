/** What JSON leaves as it is and a terminal or an editor may obey or hide: C1 controls (0x9b begins an escape sequence), line separators, zero-width and direction marks. */
const INVISIBLE = /[\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

/** A text from the wire as a JSON string of one line, in which nothing is invisible: it cannot forge a line of a log or colour a terminal. */
export function quoteText(text: string): string {
  return JSON.stringify(text).replace(INVISIBLE, (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
