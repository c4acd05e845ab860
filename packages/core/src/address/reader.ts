import { type FoundAddress, NODE_LIMIT } from "./found.ts";
import { readAddressBefore } from "./scan.ts";
import { isZone } from "./zone.ts";

const PERCENT = 37;
/** fe80::/10 (RFC 4291, 2.5.6), as a signed word. */
const LINK_LOCAL = 0xfe800000 | 0;

/** Reads text[from, to) as a bare address: no port, no brackets; a zone on link-local addresses. */
export function readAddress(found: FoundAddress, text: string, from: number, to: number): boolean {
  if (to - from > NODE_LIMIT) return false;
  if (readAddressBefore(found, text, from, to) === from) return true;
  let percent = from;
  while (percent < to && text.charCodeAt(percent) !== PERCENT) percent++;
  if (percent === to || !isZone(text, percent + 1, to)) return false;
  if (readAddressBefore(found, text, from, percent) !== from || found.family === 4) return false;
  // A zone means something on link-local addresses only (fe80::/10, RFC 4007, 6).
  if ((found.w0 & 0xffc00000) !== LINK_LOCAL) return false;
  found.zone = percent;
  found.to = to;
  return true;
}
