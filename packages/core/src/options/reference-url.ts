/** Where the reference stands, for the link at the end of each message. */
export const REFERENCE_URL = "https://github.com/wherefrom/wherefrom/blob/main/docs/reference/";

/** A message, and where a page of the reference has its heading. A heading's anchor is its text in lower case. */
export function withReference(message: string, page: "errors" | "warnings", heading: string): string {
  return `${message} (${REFERENCE_URL}${page}.md#${heading.toLowerCase()})`;
}
