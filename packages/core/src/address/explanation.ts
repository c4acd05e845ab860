import type { AddressFault } from "./fault.ts";
import { explainIPv4 } from "./ipv4-fault.ts";
import { explainIPv6 } from "./ipv6-fault.ts";

/**
 * Why `text` is no bare address, or undefined exactly where `readAddress` reads it. For errors about what an operator wrote: it reads forwards and says what it finds,
 * and shares no code with the reader of the wire, which only says no. A test holds the two equal.
 */
export function explainAddress(text: string): AddressFault | undefined {
  if (text === "") return { kind: "empty", detail: "it is empty" };
  const comma = text.indexOf(",");
  if (comma >= 0) return { kind: "comma", detail: `it has a comma (character ${comma + 1})` };
  const space = text.search(/\s/);
  if (space >= 0) return { kind: "white-space", detail: `it has white space (character ${space + 1})` };
  if (text.startsWith("[")) return { kind: "brackets", detail: "it stands in brackets" };
  const colon = text.indexOf(":");
  const dot = text.indexOf(".");
  if (colon >= 0 && (dot < 0 || colon < dot)) return explainIPv6(text);
  if (/^[a-z][a-z0-9._-]*$/i.test(text)) return { kind: "name", detail: "it is a name" };
  const end = text.search(/[:%]/);
  if (end < 0) return explainIPv4(text);
  const before = explainIPv4(text.slice(0, end));
  if (before !== undefined) return before;
  return text[end] === ":"
    ? { kind: "port", detail: `it has a port ("${text.slice(end)}")` }
    : { kind: "zone", detail: "only link-local addresses (fe80::/10) have a zone" };
}
