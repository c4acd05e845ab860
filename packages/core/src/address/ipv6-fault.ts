import type { AddressFault } from "./fault.ts";
import { explainIPv4 } from "./ipv4-fault.ts";
import { ZONE_LIMIT } from "./zone.ts";

/** Groups of an IPv6 address; a dotted tail stands for two. */
const GROUPS = 8;

/** Why `text` is no IPv6 address (RFC 4291, 2.2) with or without a zone, or undefined where it is one. */
export function explainIPv6(text: string): AddressFault | undefined {
  const percent = text.indexOf("%");
  if (percent < 0) return explainGroups(text);
  return explainGroups(text.slice(0, percent)) ?? explainZone(text.slice(0, percent), text.slice(percent + 1));
}

function explainGroups(text: string): AddressFault | undefined {
  if (text.includes(":::")) return colon("it has three colons in a row");
  const halves = text.split("::");
  if (halves.length > 2) return colon('it has more than one "::"');
  if (/^:(?!:)/.test(text)) return colon("it begins with one colon");
  if (/(?<!:):$/.test(text)) return colon("it ends with one colon");
  const groups = halves.flatMap((half) => (half === "" ? [] : half.split(":")));
  for (const [index, group] of groups.entries()) {
    const fault = group.includes(".")
      ? explainTail(group, index === groups.length - 1 && text.endsWith(group))
      : explainGroup(group, index + 1);
    if (fault !== undefined) return fault;
  }
  const count = groups.length + (groups.at(-1)?.includes(".") === true ? 1 : 0);
  if (halves.length === 2) {
    return count < GROUPS
      ? undefined
      : { kind: "group", detail: `it has ${count} groups beside "::", which stands for one at least` };
  }
  return count === GROUPS ? undefined : { kind: "group", detail: `it has ${count} groups, and IPv6 has ${GROUPS}` };
}

function colon(detail: string): AddressFault {
  return { kind: "colon", detail };
}

function explainTail(quad: string, isLast: boolean): AddressFault | undefined {
  return isLast ? explainIPv4(quad) : { kind: "group", detail: `IPv4 ("${quad}") stands before the end of IPv6` };
}

function explainGroup(group: string, place: number): AddressFault | undefined {
  const strange = /[^0-9a-f]/iu.exec(group)?.[0];
  if (strange !== undefined) return { kind: "group", detail: `IPv6 group ${place} has the character "${strange}"` };
  return group.length > 4
    ? { kind: "group", detail: `IPv6 group ${place} has more than four digits ("${group}")` }
    : undefined;
}

/** `address` is IPv6 without its zone. */
function explainZone(address: string, zone: string): AddressFault | undefined {
  if (!/^fe[89ab][0-9a-f]:/i.test(address)) return zoneFault("only link-local addresses (fe80::/10) have a zone");
  if (zone === "") return zoneFault("its zone is empty");
  const strange = /[^a-z0-9._-]/iu.exec(zone)?.[0];
  if (strange !== undefined) return zoneFault(`its zone has the character "${strange}"`);
  return zone.length > ZONE_LIMIT ? zoneFault(`its zone has more than ${ZONE_LIMIT} characters`) : undefined;
}

function zoneFault(detail: string): AddressFault {
  return { kind: "zone", detail };
}
