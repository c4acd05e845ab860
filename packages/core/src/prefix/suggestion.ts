import type { AddressFaultKind } from "../address/fault.ts";
import { formatWords } from "../address/text.ts";
import { OPEN_LENGTH } from "../options/limits.ts";
import { netmaskLength, readLoosely } from "./loose.ts";
import { formatPrefix, parsePrefix, type Prefix, type PrefixFault, readPrefix, wordMask } from "./prefix.ts";

/** The right spelling of a prefix whose address is right, or undefined where the fault does not tell it. */
export function suggestPrefix(text: string, fault: PrefixFault): string | undefined {
  if (fault === "host-bits") return narrow(maskedPrefix(text));
  return fault === "no-length" ? checkedPrefix(repairLength(text)) : undefined;
}

/** The right spelling of a peer whose address has a fault of this kind, or undefined where the fault does not tell it. */
export function suggestAddress(text: string, kind: AddressFaultKind): string | undefined {
  switch (kind) {
    case "brackets":
      return checkedPrefix(text.slice(1, text.indexOf("]")));
    case "port":
      return checkedPrefix(text.slice(0, text.indexOf(":")));
    case "wildcard":
      return checkedPrefix(withoutWildcards(text));
    case "notation":
      return checkedPrefix(inUsualNotation(text));
    case "colon":
    case "comma":
    case "empty":
    case "group":
    case "name":
    case "octet":
    case "white-space":
    case "zone":
      return undefined;
  }
}

/** "10/8" and "10.1/16" with their missing octets; what inet_aton(3) reads, where other programs read no other address. A lone small number is a hop count and gets no guess. */
function inUsualNotation(text: string): string | undefined {
  const slash = text.indexOf("/");
  const address = slash < 0 ? text : text.slice(0, slash);
  const octets = address.split(".");
  const length = slash < 0 ? "" : repairLength(text).slice(slash);
  if (slash >= 0 && octets.length < 4 && octets.every((octet) => /^\d{1,3}$/.test(octet))) {
    return octets.some(isAmbiguous) ? undefined : [...octets.map(Number), 0, 0, 0].slice(0, 4).join(".") + length;
  }
  const loose = /^\d{1,4}$/.test(address) || octets.some(isAmbiguous) ? undefined : readLoosely(address);
  return loose === undefined ? undefined : formatWords(4, loose, 0, 0, 0) + length;
}

/** Octal to inet_aton(3), decimal to others, and not the same number. */
function isAmbiguous(octet: string): boolean {
  return /^0[0-9]+$/.test(octet) && (!/^[0-7]+$/.test(octet) || Number.parseInt(octet, 8) !== Number(octet));
}

/** "10.0.*.*" as 10.0.0.0/16; undefined where an octet stands behind a wildcard, or a length behind them. */
function withoutWildcards(text: string): string | undefined {
  const octets = text.split(".");
  const fixed = octets.indexOf("*");
  if (octets.length !== 4 || octets.slice(fixed).some((octet) => octet !== "*")) return undefined;
  return `${octets.map((octet) => (octet === "*" ? "0" : octet)).join(".")}/${8 * fixed}`;
}

/** A netmask as its length, and a length without leading zeros. */
function repairLength(text: string): string {
  const slash = text.indexOf("/");
  const length = text.slice(slash + 1);
  return `${text.slice(0, slash)}/${netmaskLength(length) ?? length.replace(/^0+(?=\d)/, "")}`;
}

/** The text, if it is a prefix; without the bits behind its length, where it has some. */
export function checkedPrefix(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  return narrow(readPrefix(text) === "host-bits" ? maskedPrefix(text) : text);
}

/** An error must not propose to trust every machine. */
function narrow(text: string): string | undefined {
  const prefix = parsePrefix(text);
  return prefix === undefined || prefix.length <= OPEN_LENGTH ? undefined : text;
}

/** `text` with the bits behind its length cleared. */
function maskedPrefix(text: string): string {
  const slash = text.indexOf("/");
  const [address, suffix] = [text.slice(0, slash), text.slice(slash + 1)];
  // An address that has bits is a machine's, and a prefix.
  const prefix = parsePrefix(address) as Prefix;
  const mapped = prefix.family === 4 && address.includes(":");
  const length = Number(suffix) - (mapped ? 96 : 0);
  const words = prefix.words.map((word, index) => word & wordMask(length, index)) as [number, number, number, number];
  // Shorter than fe80::/10 it holds more than link-local addresses, which have no zone: then it reads as no prefix.
  return formatPrefix({ ...prefix, words, length });
}
