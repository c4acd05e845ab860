import { invalidPolicy } from "../options/errors.ts";
import { checkOptions, checkValue } from "../options/check.ts";
import { anyText, listOf, objectOf, required, type Shape, type Shapes, text as filledText } from "../options/shape.ts";
import { valueText } from "../options/value-text.ts";

/** Prefixes that a vendor publishes. They age: a list that is not renewed turns away real edges, and believes addresses that belong to others by now. */
export interface RangeTable {
  /** Where the list comes from, for the warning about its age. */
  readonly source: string;
  /** Date of the list, as 2026-11-01. */
  readonly asOf: string;
  /** CIDR prefixes. */
  readonly prefixes: readonly string[];
}

/** Where the file comes from, and which of its rows count. */
export interface RangeTableOptions {
  /** The file's name or address, for the warning about its age. */
  readonly source: string;
  /** Date of the list, as 2026-11-01. */
  readonly asOf: string;
  /** Which rows to take, where the file has those of many services: `service` in AWS's ip-ranges.json, the tag's `name` in Azure's ServiceTags. */
  readonly service?: string;
}

/** What `parseRangeTable` answers. */
export const RANGES: Shape = {
  ...objectOf({ source: required(filledText), asOf: required(filledText), prefixes: required(listOf(filledText)) }),
  expected: `the vendor's published ranges, as parseRangeTable(text, { source, asOf }) reads them`,
};

const SHAPES: Shapes<RangeTableOptions> = {
  source: required(filledText),
  asOf: required(filledText),
  service: filledText,
};

/**
 * Reads what vendors publish: a line a prefix (Cloudflare's ips-v4 and ips-v6), AWS ip-ranges.json, Google's `prefixes`, Azure's ServiceTags, the lists of Fastly, Bunny, Gcore and
 * Imperva.
 * The prefixes themselves are checked by `compilePolicy`. Throws `ERR_WHEREFROM_INVALID_POLICY` for a text that is none of these, or has no row to take.
 */
export function parseRangeTable(text: string, options: RangeTableOptions): RangeTable {
  checkValue("parseRangeTable: the file", text, anyText, "ERR_WHEREFROM_INVALID_POLICY");
  checkOptions<RangeTableOptions>("parseRangeTable", options, SHAPES, "ERR_WHEREFROM_INVALID_POLICY");
  const { source, asOf, service } = options;
  const prefixes = /^\s*[[{]/.test(text) ? fromJson(text, source, service) : fromLines(text);
  if (prefixes.length === 0) {
    throw invalidPolicy(
      `${source} has no prefixes${service === undefined ? "" : ` of the service ${JSON.stringify(service)}`}`,
    );
  }
  checkDate(asOf, source);
  return { source, asOf, prefixes: [...new Set(prefixes)] };
}

/** Days since the table's date; negative for one of the future. */
export function ageInDays({ asOf, source }: RangeTable, now: Date): number {
  checkDate(asOf, source);
  return Math.floor((now.getTime() - Date.parse(asOf)) / 86_400_000);
}

function checkDate(asOf: string, source: string): void {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(asOf) || Number.isNaN(Date.parse(asOf))) {
    throw invalidPolicy(`asOf of ${source} is a date such as "2026-11-01", not ${valueText(asOf)}`);
  }
}

function fromLines(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.replace(/#.*$/, "").trim())
    .filter((line) => line !== "");
}

/** The rows of all known files, by the names that they give their columns. */
interface Row {
  readonly ip_prefix?: string;
  readonly ipv6_prefix?: string;
  readonly ipv4Prefix?: string;
  readonly ipv6Prefix?: string;
  readonly service?: string;
  readonly name?: string;
  readonly properties?: { readonly addressPrefixes?: readonly string[] };
}

interface PublishedFile {
  readonly prefixes?: readonly (Row | string)[];
  readonly ipv6_prefixes?: readonly Row[];
  readonly values?: readonly Row[];
  readonly addresses?: readonly string[];
  readonly ipv6_addresses?: readonly string[];
  readonly addresses_v6?: readonly string[];
  readonly ipRanges?: readonly string[];
  readonly ipv6Ranges?: readonly string[];
}

function fromJson(text: string, source: string, service: string | undefined): string[] {
  let file: PublishedFile;
  try {
    const parsed = JSON.parse(text) as PublishedFile | readonly string[];
    file = Array.isArray(parsed) ? { addresses: parsed } : (parsed as PublishedFile);
  } catch (cause) {
    throw invalidPolicy(`${source} is not JSON`, { cause });
  }
  const mixed = rowsOf(file.prefixes);
  const plain = mixed.filter((entry) => typeof entry === "string");
  const rows = [
    ...mixed.filter((entry) => typeof entry !== "string"),
    ...rowsOf(file.ipv6_prefixes),
    ...rowsOf(file.values),
  ];
  const wanted = rows.filter((row) => service === undefined || row.service === service || row.name === service);
  const named = wanted.flatMap((row) => [
    ...[row.ip_prefix, row.ipv6_prefix, row.ipv4Prefix, row.ipv6Prefix].filter((prefix) => prefix !== undefined),
    ...rowsOf(row.properties?.addressPrefixes),
  ]);
  const lists = [file.addresses, file.ipv6_addresses, file.addresses_v6, file.ipRanges, file.ipv6Ranges];
  return [...named, ...plain, ...lists.flatMap((list) => rowsOf(list))];
}

function rowsOf<Item>(value: readonly Item[] | undefined): readonly Item[] {
  return Array.isArray(value) ? value : [];
}
