import { WherefromError } from "../errors.ts";

/** Prefixes that a vendor publishes. They age: a list that is not renewed turns away real edges, and believes addresses that others have by now. */
export interface RangeTable {
  /** Where the list comes from, for the warning about its age. */
  readonly source: string;
  /** Date of the list, as 2026-11-01. */
  readonly asOf: string;
  readonly prefixes: readonly string[];
}

export interface RangeTableOptions {
  readonly source: string;
  readonly asOf: string;
  /** Which rows to take, where the file has those of many services: `service` in AWS's ip-ranges.json, the tag's `name` in Azure's ServiceTags. */
  readonly service?: string;
}

/**
 * Reads what vendors publish: a line a prefix (Cloudflare's ips-v4 and ips-v6), AWS ip-ranges.json, Google's `prefixes`, Azure's ServiceTags, Fastly's public-ip-list.
 * The prefixes themselves are checked by `compilePolicy`. Throws `ERR_WHEREFROM_INVALID_POLICY` for a text that is none of these, or has no row to take.
 */
export function parseRangeTable(text: string, { source, asOf, service }: RangeTableOptions): RangeTable {
  const prefixes = /^\s*\{/.test(text) ? fromJson(text, source, service) : fromLines(text);
  if (prefixes.length === 0) {
    throw invalid(
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
    throw invalid(`asOf of ${source} is a date such as "2026-11-01", not ${JSON.stringify(asOf)}`);
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
  readonly prefixes?: readonly Row[];
  readonly ipv6_prefixes?: readonly Row[];
  readonly values?: readonly Row[];
  readonly addresses?: readonly string[];
  readonly ipv6_addresses?: readonly string[];
}

function fromJson(text: string, source: string, service: string | undefined): string[] {
  let file: PublishedFile;
  try {
    file = JSON.parse(text) as PublishedFile;
  } catch (cause) {
    throw invalid(`${source} is no JSON`, { cause });
  }
  const rows = [...listOf(file.prefixes), ...listOf(file.ipv6_prefixes), ...listOf(file.values)];
  const wanted = rows.filter((row) => service === undefined || row.service === service || row.name === service);
  const named = wanted.flatMap((row) => [
    ...[row.ip_prefix, row.ipv6_prefix, row.ipv4Prefix, row.ipv6Prefix].filter((prefix) => prefix !== undefined),
    ...listOf(row.properties?.addressPrefixes),
  ]);
  return [...named, ...listOf(file.addresses), ...listOf(file.ipv6_addresses)];
}

function listOf<Item>(value: readonly Item[] | undefined): readonly Item[] {
  return Array.isArray(value) ? value : [];
}

function invalid(detail: string, options?: ErrorOptions): WherefromError {
  return new WherefromError("ERR_WHEREFROM_INVALID_POLICY", detail, options);
}
