import { explainAddress } from "../address/explanation.ts";
import type { AddressFault } from "../address/fault.ts";
import { nearestSpelling } from "../options/spelling.ts";
import { netmaskLength } from "./loose.ts";
import { NAMED_RANGES } from "./named-ranges.ts";
import type { PrefixFault } from "./prefix.ts";
import { checkedPrefix, suggestAddress, suggestPrefix } from "./suggestion.ts";

/** Names of ranges that stand where a peer list has prefixes; the rare ones are below. */
const RANGES = Object.keys(NAMED_RANGES);
/** No guess but at a slip of the hand: "nginx" is two edits from "unix", and means something else. */
const RARE_WORDS = ["unix", "unix-hop", "unverified"];
const SLIP_EDITS = 1;
/** What other programs call these ranges: the hosts file, Caddy. */
const OTHER_NAMES: ReadonlyMap<string, string> = new Map([
  ["localhost", "loopback"],
  ["private_ranges", "private"],
]);
/** What other programs call everything. */
const EVERYTHING: readonly string[] = ["*", "all", "any"];

/** What is wrong with the text of a peer, in words, and what to write instead where the fault tells it. */
export function explainPrefixFault(text: string, fault: PrefixFault): string {
  if (/[\\^$(){}|]/.test(text)) {
    return `"${text}" is a regular expression, and peers are addresses and prefixes: write those that it means, such as "10.0.0.0/8"`;
  }
  if (EVERYTHING.includes(text.toLowerCase())) {
    return `"${text}" would believe every client: write the prefixes of your proxies, such as "10.0.0.0/24"`;
  }
  if (text.includes(",")) {
    const entries = text.split(",").map((entry) => entry.trim());
    return `"${text}" has a comma: write each entry as a text of its own, ${JSON.stringify(entries).replaceAll('","', '", "')}`;
  }
  const trimmed = text.trim();
  if (trimmed !== text) return `"${text}" has white space around it${suffix(checkedPrefix(trimmed))}`;
  if (fault === "not-an-address") {
    const slash = text.indexOf("/");
    // It is none: the reader of prefixes refused it.
    const reason = explainAddress(slash < 0 ? text : text.slice(0, slash)) as AddressFault;
    return `"${text}" ${reason.kind === "name" ? explainName(text) : explainText(text, reason)}`;
  }
  return `"${text}" ${explainLength(text, fault)}${suffix(suggestPrefix(text, fault))}`;
}

function suffix(near: string | undefined): string {
  return near === undefined ? "" : `; did you mean "${near}"?`;
}

function explainText(text: string, reason: AddressFault): string {
  // Lines and URLs of other programs have a prefix among their words.
  const found = (): string | undefined => text.split(/[\s;"']+|\/\//).find((word) => checkedPrefix(word) !== undefined);
  const near = suggestAddress(text, reason.kind) ?? found();
  return `is not an address or prefix: ${reason.detail}${suffix(near)}`;
}

function explainName(text: string): string {
  if (text.toLowerCase() === "uniquelocal") {
    return `is not a named range, because proxy-addr means RFC 1918 by it as well: write "private" for RFC 1918 and fc00::/7, or "fc00::/7" alone`;
  }
  const range =
    OTHER_NAMES.get(text.toLowerCase()) ??
    nearestSpelling(text, RANGES) ??
    nearestSpelling(text, RARE_WORDS, SLIP_EDITS);
  const none = "is neither an address, nor a CIDR prefix, nor a named range";
  return range === undefined
    ? `${none}; a host name is not looked up: write the addresses of its machines`
    : `${none}${suffix(range)}`;
}

function explainLength(text: string, fault: Exclude<PrefixFault, "not-an-address">): string {
  const slash = text.indexOf("/");
  const length = text.slice(slash + 1);
  switch (fault) {
    case "no-length":
      return explainDigits(length);
    case "length-out-of-range": {
      const width = text.includes(":") ? 128 : 32;
      return `has the prefix length ${length}, and IPv${width === 32 ? 4 : 6} has ${width} bits`;
    }
    case "host-bits":
      return "has bits set behind its prefix length";
    case "mapped-too-short":
      return "is an IPv4-mapped prefix shorter than /96, which would cover every IPv4 address: write the IPv4 prefix itself";
    case "unspecified":
      return "is not the address of a machine: write the addresses or prefixes of the machines that you trust";
  }
}

function explainDigits(length: string): string {
  if (length === "") return "has no prefix length behind its slash";
  if (netmaskLength(length) !== undefined) return "has a netmask behind its slash, not a prefix length";
  if (/^0[0-9]+$/.test(length)) return `has a prefix length with a leading zero ("${length}")`;
  return `has no decimal prefix length behind its slash, but "${length}"`;
}
