import { parseEndpoint } from "@wherefrom/core";
import type { HeaderLine, Sighting } from "./sighting.ts";

/** One element of a header with addresses. */
export interface HeaderElement {
  /** As it stands there; of Forwarded, the value of `for`. */
  readonly text: string;
  /** Canonical; undefined where the text is no address. */
  readonly address: string | undefined;
  /** Whether it is an IPv6 address with a port and no brackets. */
  readonly isBare: boolean;
  /** The line that it stands on, from 1. */
  readonly line: number;
}

/** Headers that tell protocol, host or port. */
const ORIGIN_HEADERS: ReadonlySet<string> = new Set([
  "host",
  ":authority",
  "x-forwarded-proto",
  "x-forwarded-host",
  "x-forwarded-port",
  "x-forwarded-scheme",
  "x-forwarded-ssl",
  "front-end-https",
  "x-url-scheme",
]);

/** The lists, to which machines append. Each other header has one value. */
const LISTS: ReadonlySet<string> = new Set(["x-forwarded-for", "forwarded", "x-forwarded", "x-original-forwarded-for"]);

export function isList(carrier: string): boolean {
  return LISTS.has(carrier);
}

/** The headers with addresses of a sighting, in lower case, each once. */
export function carriersOf({ raw }: Pick<Sighting, "raw">): readonly string[] {
  return [...new Set(raw.map(([name]) => name.toLowerCase()))].filter((name) => !ORIGIN_HEADERS.has(name));
}

/** The elements of a header, left to right, over its lines. */
export function elementsOf({ raw }: Pick<Sighting, "raw">, carrier: string): readonly HeaderElement[] {
  const lines = raw.filter(([name]) => name.toLowerCase() === carrier);
  return lines.flatMap(([, value], index) => elementsOfLine(value, carrier, index + 1));
}

function elementsOfLine(value: string, carrier: string, line: number): readonly HeaderElement[] {
  const parts = value.split(",").map((part) => part.trim());
  return parts
    .filter((part) => part !== "")
    .map((part) => {
      const text = carrier === "forwarded" ? forOf(part) : part;
      const bare = bareAddressOf(text);
      return { text, address: bare ?? parseEndpoint(text)?.address, isBare: bare !== undefined, line };
    });
}

/** The value of `for` in an element of Forwarded; "" where it has none. */
function forOf(element: string): string {
  const found = /(?:^|[;\s])for=(?:"([^"]*)"|([^;\s]*))/i.exec(element);
  return found?.[1] ?? found?.[2] ?? "";
}

/** The address of `2001:db8::1:4711`, where the last group can only be a port: the text is no address, or one of eight groups and a port of five digits. */
function bareAddressOf(text: string): string | undefined {
  const [, address, port] = /^([0-9a-f:.]*:[0-9a-f:.]*):(\d{1,5})$/i.exec(text) ?? [];
  if (address === undefined || port === undefined || Number(port) > 65_535) return undefined;
  const isWhole = parseEndpoint(text) !== undefined;
  // A short form whose last group has five digits, or a whole address before it.
  if (isWhole) return undefined;
  return parseEndpoint(address)?.address;
}

/** The lines without the elements that hold one of `addresses`. */
export function withoutAddresses(
  raw: readonly HeaderLine[],
  holds: (element: HeaderElement) => boolean,
): readonly HeaderLine[] {
  return raw.flatMap(([name, value]): readonly HeaderLine[] => {
    const carrier = name.toLowerCase();
    if (ORIGIN_HEADERS.has(carrier)) return [[name, value]];
    const kept = value.split(",").filter((part) => !elementsOfLine(part, carrier, 1).some(holds));
    const text = kept.join(",").trim();
    return text === "" ? [] : [[name, text]];
  });
}
