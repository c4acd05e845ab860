import { readElement } from "./forwarded-element.ts";
import { readPairsBefore } from "./forwarded-pairs.ts";
import { EMPTY, GARBAGE, type ListElement, NODE, skipSpaceAfter, skipSpaceBefore } from "./list.ts";

/** Longest element that is looked at, in characters: `for`, `by`, `host` and `proto` with a long host name. */
const FORWARDED_ELEMENT_LIMIT = 512;
/** Longest element that is read in one pass, in characters. */
const USUAL_ELEMENT_LIMIT = 128;

const LINE_END = 10;
const SPACE = 32;
const QUOTE = 34;
const COMMA = 44;
const BACKSLASH = 92;

/**
 * Reads the last element of a Forwarded field, text[0, end), into `element`, and returns where the field before it ends; less than 1 when this was the first.
 * Field lines may be separated by a line feed, which no quoted string crosses. What stands left of an element cannot change how it reads:
 * quotes are counted from the right, so that a client's open quote cannot swallow the element that a proxy appended.
 */
export function readLastForwarded(element: ListElement, text: string, end: number): number {
  if (end > 0 && text.charCodeAt(end - 1) === COMMA) {
    element.kind = EMPTY;
    return end - 1;
  }
  const start = readPairsBefore(element.found, text, Math.max(0, end - USUAL_ELEMENT_LIMIT), end);
  if (start >= 0) {
    element.kind = NODE;
    element.from = start;
    element.to = end;
    element.node = text;
    element.odd = 0;
    return start > 1 && text.charCodeAt(start - 1) === SPACE ? start - 2 : start - 1;
  }
  return readWholeElement(element, text, Math.max(0, end - FORWARDED_ELEMENT_LIMIT), end);
}

/** Any element: its beginning is looked for first, then it is read forwards. */
function readWholeElement(element: ListElement, text: string, floor: number, end: number): number {
  let at = end;
  let quoted = false;
  for (; at > floor; at--) {
    const code = text.charCodeAt(at - 1);
    if (code === QUOTE) {
      if (!quoted || !isEscaped(text, at - 1, floor)) quoted = !quoted;
    } else if (code === LINE_END || (code === COMMA && !quoted)) break;
  }
  const from = skipSpaceAfter(text, at, end);
  const to = skipSpaceBefore(text, from, end);
  element.from = from;
  element.to = to;
  element.odd = 0;
  if (quoted || (at === floor && floor > 0)) {
    element.kind = GARBAGE;
    return 0;
  }
  element.kind = from === to ? EMPTY : readElement(element, text, from, to);
  return at - 1;
}

/** Whether an odd number of backslashes stands before `at` (RFC 9110, 5.6.4: quoted-pair). */
function isEscaped(text: string, at: number, floor: number): boolean {
  let start = at;
  while (start > floor && text.charCodeAt(start - 1) === BACKSLASH) start--;
  return (at - start) % 2 === 1;
}
