import { parseAddress, parseEndpoint, type Policy } from "@wherefrom/core";
import { KNOWN_HEADERS, ORIGIN_HEADERS } from "@wherefrom/core/internal";
import { HEADERS_LIMIT, NAMES_LIMIT, READ_LIMIT, VALUE_LIMIT, VALUES_LIMIT } from "../protocol/answer.ts";

/** Names of headers that hold secrets, or sound like it: none of their values is told, whatever it is. */
const SECRET_NAME = /auth|cookie|credential|key|passw|secret|session|signature|token/;
/** Headers of protocol, host and port beside those that core knows. */
const HOST_HEADERS: readonly string[] = ["host", ":authority", "x-url-scheme"];
/** What a protocol, host or port is made of, and a list of them. */
const ORIGIN_TEXT = /^[\w.:[\], -]{0,255}$/;
/** Names that speak of addresses or of proxies. */
const TELLING_NAME = /forward|client|real|addr|via|proxy|cdn|cf-|edge|(?:^|[-_])ip$/;
/** One parameter of Forwarded (RFC 7239, 4), and a list of them. */
const PARAMETER = /([\w!#$%&'*+.^`|~-]+)=("[^"\\]*"|[^\s"=;,]*)/g;
const FORWARDED = /^[;,\s]*(?:[\w!#$%&'*+.^`|~-]+=(?:"[^"\\]*"|[^\s"=;,]*)(?:[;,\s]+|$))*$/;
const FORWARDED_PARAMETERS: readonly string[] = ["for", "by", "host", "proto"];
/** RFC 7239, 6.2 and 6.3. */
const NOT_AN_ADDRESS = /^(?:unknown|_[\w.-]{1,64})$/i;

/** What an answer tells of the headers of a request. */
export interface ToldHeaders {
  readonly lines: readonly (readonly [name: string, value: string])[];
  readonly names: readonly string[];
}

/** Names of headers that the policy demands something of: their values are secrets. */
export function demandedHeaders(policy: Policy | undefined): ReadonlySet<string> {
  const names = policy?.rules.flatMap((rule) => rule?.demand?.header ?? []) ?? [];
  return new Set(names);
}

/**
 * The lines that are told: those whose value is wholly addresses, and those of protocol, host and port. Of headers that hold addresses by their name (`carriers`) an element that is not an address
 * is told as "-", so that its place is seen and its text is not.
 */
export function tellHeaders(
  rawHeaders: readonly string[],
  carriers: ReadonlySet<string>,
  demanded: ReadonlySet<string>,
): ToldHeaders {
  const lines: (readonly [string, string])[] = [];
  const names = new Set<string>();
  let left = VALUES_LIMIT;
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const written = rawHeaders[index] as string;
    const name = written.toLowerCase();
    if (demanded.has(name) || (SECRET_NAME.test(name) && name !== ":authority")) continue;
    if (names.size < NAMES_LIMIT && name.length <= VALUE_LIMIT && TELLING_NAME.test(name)) names.add(name);
    if (lines.length >= HEADERS_LIMIT) continue;
    const told = tellValue(name, rawHeaders[index + 1] as string, carriers, VALUE_LIMIT);
    if (told === undefined || told.length > left) continue;
    left -= told.length;
    lines.push([written, told]);
  }
  return { lines, names: [...names] };
}

/** The told headers as the resolver reads them; Host is left out, which a proxy may have set. */
export function tellRead(
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
  { lines }: ToldHeaders,
  carriers: ReadonlySet<string>,
): Readonly<Record<string, string>> {
  const read: [string, string][] = [];
  let left = VALUES_LIMIT;
  for (const name of new Set(lines.map(([written]) => written.toLowerCase()))) {
    if (HOST_HEADERS.includes(name)) continue;
    const value = headers[name];
    if (value === undefined) continue;
    const told = tellValue(name, typeof value === "string" ? value : value.join(", "), carriers, READ_LIMIT);
    if (told === undefined || told.length > left) continue;
    left -= told.length;
    read.push([name, told]);
  }
  return Object.fromEntries(read);
}

/** Names of the headers that hold addresses, whatever a line of them says. */
export function carrierNames(policy: Policy | undefined): ReadonlySet<string> {
  return new Set([...Object.keys(KNOWN_HEADERS), ...(policy?.addressHeaders ?? [])]);
}

/** Undefined where the value is not told. */
function tellValue(name: string, value: string, carriers: ReadonlySet<string>, limit: number): string | undefined {
  if (value.length > limit) return undefined;
  if (HOST_HEADERS.includes(name) || Object.hasOwn(ORIGIN_HEADERS, name)) {
    return ORIGIN_TEXT.test(value) ? value : undefined;
  }
  if (name === "forwarded") return tellForwarded(value);
  const elements = value.split(",");
  const isAddress = elements
    .map((element) => element.trim())
    .map((element) => element === "" || isAddressText(element));
  if (isAddress.every(Boolean)) return elements.every((element) => element.trim() === "") ? undefined : value;
  if (!carriers.has(name)) return undefined;
  return elements
    .map((element, index) => (isAddress[index] === true ? element : " -"))
    .join(",")
    .trim();
}

/** Parameters that are not of RFC 7239 may be secrets. */
function tellForwarded(value: string): string | undefined {
  if (!FORWARDED.test(value)) return "-";
  return value.replace(PARAMETER, (whole, name: string, text: string) => {
    const known = FORWARDED_PARAMETERS.includes(name.toLowerCase());
    return known && isParameterText(name.toLowerCase(), text) ? whole : `${name}=-`;
  });
}

function isParameterText(name: string, text: string): boolean {
  const bare = text.replace(/^"|"$/g, "");
  return name === "for" || name === "by" ? isAddressText(bare) : ORIGIN_TEXT.test(bare);
}

function isAddressText(element: string): boolean {
  if (parseEndpoint(element) !== undefined || parseAddress(element) !== undefined || NOT_AN_ADDRESS.test(element))
    return true;
  // An IPv6 address and a port without brackets.
  const [, address] = /^([0-9a-f:.]+):\d{1,5}$/i.exec(element) ?? [];
  return address !== undefined && parseAddress(address) !== undefined;
}
