import { type FoundAddress, NODE_LIMIT } from "./found.ts";
import { findZeroRun } from "./zero-run.ts";

const ZERO = 48;
const COLON = 58;

/** Longest text that an answer cut out of it may keep alive, in characters. V8's slices keep their parent: a rate limiter's key must not hold a 16 KiB header. */
const RETAINED_TEXT_LIMIT = 256;
const scratch = Buffer.alloc(NODE_LIMIT);
const groups = new Int32Array(8);
/** Octets as decimal text, alone and before another one. */
const OCTETS: readonly string[] = Array.from({ length: 256 }, (_, octet) => String(octet));
const DOTTED: readonly string[] = OCTETS.map((text) => `${text}.`);

/** Canonical text (RFC 5952, zone kept as written) of what was just read from `text`: cut out of it where it is canonical already, written anew where not. */
export function foundText(found: FoundAddress, text: string): string {
  if (!found.canonical || text.length > RETAINED_TEXT_LIMIT) return formatFound(found, text);
  return found.from === 0 && found.to === text.length ? text : text.slice(found.from, found.to);
}

function formatFound(found: FoundAddress, text: string): string {
  if (found.family === 4) return formatWords(4, found.w0, 0, 0, 0);
  let length = writeIPv6(found.w0, found.w1, found.w2, found.w3);
  if (found.zone >= 0) {
    for (let at = found.zone; at < found.to; at++) scratch[length++] = text.charCodeAt(at);
  }
  return scratch.toString("latin1", 0, length);
}

/** RFC 5952 text of an address given as signed or unsigned 32-bit words; IPv4 in `w0`. It keeps no other text alive. */
export function formatWords(family: 4 | 6, w0: number, w1: number, w2: number, w3: number): string {
  if (family === 6) return scratch.toString("latin1", 0, writeIPv6(w0, w1, w2, w3));
  // Joining four short texts takes a third of the time that a call out of JavaScript for one does.
  const first = octetText(DOTTED, w0 >>> 24) + octetText(DOTTED, w0 >>> 16);
  return first + (octetText(DOTTED, w0 >>> 8) + octetText(OCTETS, w0));
}

/** The text of the last eight bits. */
function octetText(texts: readonly string[], bits: number): string {
  return texts[bits & 255] as string;
}

/** Writes to `scratch` and returns the length. */
function writeIPv6(w0: number, w1: number, w2: number, w3: number): number {
  let length = 0;
  groups[0] = w0 >>> 16;
  groups[1] = w0 & 0xffff;
  groups[2] = w1 >>> 16;
  groups[3] = w1 & 0xffff;
  groups[4] = w2 >>> 16;
  groups[5] = w2 & 0xffff;
  groups[6] = w3 >>> 16;
  groups[7] = w3 & 0xffff;
  const run = findZeroRun(groups);
  const runStart = run < 0 ? -1 : run >> 4;
  const runEnd = run < 0 ? -1 : runStart + (run & 15);
  for (let index = 0; index < 8;) {
    if (index === runStart) {
      scratch[length++] = COLON;
      scratch[length++] = COLON;
      index = runEnd;
      continue;
    }
    if (index > 0 && index !== runEnd) scratch[length++] = COLON;
    const group = groups[index++] as number;
    for (let shift = group > 0xfff ? 12 : group > 0xff ? 8 : group > 0xf ? 4 : 0; shift >= 0; shift -= 4) {
      const digit = (group >>> shift) & 15;
      scratch[length++] = digit < 10 ? ZERO + digit : 87 + digit;
    }
  }
  return length;
}
