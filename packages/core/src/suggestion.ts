import { isIP } from "node:net";
import { formatPrefix, parsePrefix, type Prefix, type PrefixFault, readPrefix, wordMask } from "./prefix.ts";

/** Furthest misspelling that is still worth a guess, in edits. */
const EDIT_LIMIT = 3;

/** The candidate with the fewest edits (insert, delete, replace, swap of neighbours) from `text`, or undefined where none is near. */
export function nearestSpelling(text: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestEdits = Math.min(EDIT_LIMIT, Math.ceil(text.length / 2)) + 1;
  for (const candidate of candidates) {
    const edits = countEdits(text.toLowerCase(), candidate);
    if (edits < bestEdits) [best, bestEdits] = [candidate, edits];
  }
  return best;
}

/** What is wrong with the text of a peer, in words, and the nearest right spelling where there is one. */
export function explainPrefixFault(text: string, fault: PrefixFault): string {
  const near = suggestPrefix(text, fault);
  return `"${text}" ${FAULTS[fault]}${near === undefined ? "" : `; did you mean "${near}"?`}`;
}

const FAULTS: Readonly<Record<PrefixFault, string>> = {
  "not-an-address": "is neither an address, nor a CIDR prefix, nor a named range",
  "no-length": "has no decimal prefix length behind its slash",
  "length-out-of-range": "has a prefix length longer than its address",
  "host-bits": "has bits set behind its prefix length",
  "mapped-too-short": "is an IPv4-mapped prefix shorter than /96, which would cover every IPv4 address",
  nobody: "is nobody's address",
};

function suggestPrefix(text: string, fault: PrefixFault): string | undefined {
  const slash = text.indexOf("/");
  const address = slash < 0 ? text : text.slice(0, slash);
  const suffix = slash < 0 ? "" : text.slice(slash + 1);
  if (fault === "host-bits") return maskedPrefix(text);
  // A mapped spelling of 0.0.0.0 counts its length from 128 bits.
  if (fault === "nobody") return isPrefix(`${text}/0`) ? `${text}/0` : "0.0.0.0/0";
  const trimmed = text.trim();
  if (trimmed !== text && isPrefix(trimmed)) return trimmed;
  const bare = /^\[([^\]]*)\](?::\d+)?$/.exec(text)?.[1] ?? /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(text)?.[1];
  if (bare !== undefined && isPrefix(bare)) return bare;
  const length = maskLength(suffix) ?? suffix.replace(/^0+(?=\d)/, "");
  if (fault === "no-length" && isPrefix(`${address}/${length}`)) return `${address}/${length}`;
  if (fault === "not-an-address") return suggestAddress(address, slash < 0 ? "" : `/${length}`);
  return undefined;
}

/** "10/8" and "10.1/16" with their missing octets; octal, hexadecimal and integer spellings as inet_aton(3) reads them. A lone small number is somebody's hop count and gets no guess. */
function suggestAddress(address: string, suffix: string): string | undefined {
  if (/^\d{1,3}(?:\.\d{1,3}){0,2}$/.test(address) && suffix !== "") {
    const octets = address.split(".");
    while (octets.length < 4) octets.push("0");
    return checked(octets.map(Number).join(".") + suffix);
  }
  const loose = /^\d{1,4}$/.test(address) ? undefined : readLoosely(address);
  return loose === undefined ? undefined : checked(dotted(loose) + suffix);
}

/** inet_aton(3): one to four parts, each octal, hexadecimal or decimal; the last one fills what is left. */
function readLoosely(text: string): number | undefined {
  const parts = text.split(".");
  if (parts.length > 4) return undefined;
  let address = 0;
  for (const [index, part] of parts.entries()) {
    if (!/^(?:0x[\da-f]+|0[0-7]*|[1-9]\d*)$/i.test(part)) return undefined;
    const value = /^0\d/.test(part) ? Number.parseInt(part, 8) : Number(part);
    const isLast = index === parts.length - 1;
    const room = isLast ? 256 ** (5 - parts.length) : 256;
    if (value >= room) return undefined;
    address += isLast ? value : value * 256 ** (3 - index);
  }
  return address;
}

function dotted(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join(".");
}

function checked(text: string): string | undefined {
  const prefix = readPrefix(text);
  if (prefix === "host-bits") return maskedPrefix(text);
  return typeof prefix === "string" ? undefined : text;
}

function isPrefix(text: string): boolean {
  return parsePrefix(text) !== undefined;
}

/** `text` with the bits behind its length cleared. */
function maskedPrefix(text: string): string | undefined {
  const slash = text.indexOf("/");
  const [address, suffix] = [text.slice(0, slash), text.slice(slash + 1)];
  // An address that has bits is somebody's, and a prefix.
  const prefix = parsePrefix(address) as Prefix;
  const mapped = prefix.family === 4 && isIP(address) === 6;
  const length = Number(suffix) - (mapped ? 96 : 0);
  const words = prefix.words.map((word, index) => word & wordMask(length, index)) as [number, number, number, number];
  const masked = formatPrefix({ ...prefix, words, length });
  // Shorter than fe80::/10 it holds more than link-local addresses, and those have no zone.
  return isPrefix(masked) ? masked : undefined;
}

/** The length that a dotted netmask writes, or undefined. */
function maskLength(mask: string): string | undefined {
  const bits = /^\d+\.\d+\.\d+\.\d+$/.test(mask) ? readLoosely(mask) : undefined;
  if (bits === undefined) return undefined;
  const length = Math.clz32(~bits);
  return bits === (length === 0 ? 0 : (-1 << (32 - length)) >>> 0) ? `${length}` : undefined;
}

/** Optimal string alignment distance, on short names only. */
function countEdits(a: string, b: string): number {
  const rows = Array.from({ length: a.length + 1 }, (_, row) => [row]);
  const at = (row: number, column: number): number => (rows[row] as number[])[column] as number;
  for (let column = 0; column <= b.length; column++) (rows[0] as number[])[column] = column;
  for (let row = 1; row <= a.length; row++) {
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1] ? 0 : 1;
      let edits = Math.min(at(row - 1, column) + 1, at(row, column - 1) + 1, at(row - 1, column - 1) + same);
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        edits = Math.min(edits, at(row - 2, column - 2) + 1);
      }
      (rows[row] as number[])[column] = edits;
    }
  }
  return at(a.length, b.length);
}
