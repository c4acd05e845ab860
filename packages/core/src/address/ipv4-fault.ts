import type { AddressFault } from "./fault.ts";

/** Largest value of an octet. */
const OCTET_LIMIT = 255;

/**
 * Why `text` is no dotted quad, or undefined where it is one: four decimal octets up to 255 without leading zeros (inet_pton(3), RFC 6943, 3.1.1).
 * The first fault from the left counts, but for the number of octets, which goes before what is wrong with the value of one.
 */
export function explainIPv4(text: string): AddressFault | undefined {
  const octets = text.split(".");
  for (const [index, octet] of octets.entries()) {
    const fault = explainDigits(octet, `IPv4 octet ${index + 1}`);
    if (fault !== undefined) return fault;
  }
  if (octets.length !== 4) {
    const kind = octets.length < 4 ? "notation" : "octet";
    return { kind, detail: `it has ${octets.length} ${octets.length === 1 ? "octet" : "octets"}, and IPv4 has 4` };
  }
  for (const [index, octet] of octets.entries()) {
    const fault = explainValue(octet, `IPv4 octet ${index + 1}`);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function explainDigits(octet: string, place: string): AddressFault | undefined {
  if (octet === "") return { kind: "octet", detail: `${place} is empty` };
  if (octet === "*") return { kind: "wildcard", detail: `${place} is "*"` };
  if (/^0x[0-9a-f]+$/i.test(octet)) return { kind: "notation", detail: `${place} is hexadecimal ("${octet}")` };
  const strange = /[^0-9]/u.exec(octet)?.[0];
  return strange === undefined ? undefined : { kind: "octet", detail: `${place} has the character "${strange}"` };
}

function explainValue(octet: string, place: string): AddressFault | undefined {
  if (octet.length > 1 && octet.startsWith("0")) {
    const octal = /^[0-7]+$/.test(octet) ? Number.parseInt(octet, 8) : undefined;
    const decimal = Number(octet);
    const cure = octal === undefined ? `: write ${decimal}` : `: write ${decimal}, or ${octal} if it is octal`;
    const isOne = octal === decimal;
    return { kind: "notation", detail: `${place} has a leading zero ("${octet}")${isOne ? "" : cure}` };
  }
  return Number(octet) > OCTET_LIMIT
    ? { kind: "octet", detail: `${place} is above ${OCTET_LIMIT} ("${octet}")` }
    : undefined;
}
