/** How a list is written. */
export type ListFormat = "text" | "json" | "csv";

/** Names of a CSV file's column that holds the prefixes. */
const COLUMNS: readonly string[] = ["prefix", "cidr", "network", "ip_prefix", "ip", "address"];

/**
 * The entries of a list, not yet judged. Text: one a line, `#` begins a comment. CSV: the column of the head that is called so, or the first. JSON: a list of texts, or an object as
 * vendors publish it, of which `service` picks rows. Throws an Error whose text says what is wrong. `isWhole` says that the end of the text cannot be missing; without it a line without its
 * end is refused, because the rest of it may not be written yet.
 */
export function readList(text: string, format: ListFormat, service: string | undefined, isWhole: boolean): string[] {
  const source = text.startsWith("\uFEFF") ? text.slice(1) : text;
  if (/^\s*<(?:!doctype|html|\?xml)/i.test(source)) throw new Error("it is a page of HTML or XML, and no list");
  if (format === "json") return readJson(source, service);
  if (service !== undefined) throw new Error(`"service" picks rows of a JSON list, and this one is ${format}`);
  if (!isWhole && source !== "" && !source.endsWith("\n")) {
    throw new Error("its last line has no line end, so that it may be half written: end each line with one");
  }
  const lines = source.split(/\r?\n/).map((line) => line.replace(/#.*$/, "").trim());
  const filled = lines.filter((line) => line !== "");
  return format === "csv" ? readCsv(filled) : filled;
}

function readCsv(lines: readonly string[]): string[] {
  const rows = lines.map((line) => line.split(/[,;\t]/).map((cell) => cell.trim().replace(/^"(.*)"$/, "$1")));
  const head = rows[0]?.map((cell) => cell.toLowerCase()) ?? [];
  const column = head.findIndex((cell) => COLUMNS.includes(cell));
  if (column < 0) return rows.map(([first = ""]) => first);
  return rows.slice(1).map((row, index) => {
    const cell = row[column];
    if (cell === undefined) throw new Error(`row ${index + 2} has no column "${head[column]}"`);
    return cell;
  });
}

/** Where vendors' files have their rows: lists of texts, or of objects with one of `ROW_KEYS`. */
const LIST_KEYS = [
  "prefixes",
  "ipv6_prefixes",
  "values",
  "addresses",
  "ipv6_addresses",
  "ipv4_cidrs",
  "ipv6_cidrs",
  "ipRanges",
  "ipv6Ranges",
] as const;
const ROW_KEYS = ["ip_prefix", "ipv6_prefix", "ipv4Prefix", "ipv6Prefix"] as const;

type Json = Readonly<Record<string, unknown>>;

function readJson(text: string, service: string | undefined): string[] {
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch {
    throw new Error("it is not JSON, or only half of it");
  }
  if (Array.isArray(file)) return file.map(textOf);
  if (!isObject(file)) throw new Error("it is neither a list nor an object");
  // Cloudflare's API has an answer around the list.
  const { result, success } = file;
  if (success === false) throw new Error("it says that it has failed (success: false)");
  const body = isObject(result) ? result : file;
  const lists = LIST_KEYS.map((key) => body[key]).filter((list) => list !== undefined);
  if (lists.length === 0) throw new Error(`it has none of ${LIST_KEYS.map((key) => `"${key}"`).join(", ")}`);
  const prefixes = lists.flatMap((list) => {
    if (!Array.isArray(list)) throw new Error("its prefixes are not a list");
    return list.flatMap((row: unknown) => readRow(row, service));
  });
  if (prefixes.length === 0 && service !== undefined) throw new Error(`it has no rows of ${JSON.stringify(service)}`);
  return prefixes;
}

function readRow(row: unknown, service: string | undefined): string[] {
  if (!isObject(row)) return [textOf(row)];
  const { properties } = row;
  // Azure calls it the name of a tag.
  const owner = isObject(properties) ? row["name"] : row["service"];
  if (service !== undefined && owner !== service) return [];
  if (service === undefined && owner !== undefined) {
    throw new Error(
      'its rows are of several services, most of which customers rent machines of: pick one that is a proxy, as "service"',
    );
  }
  if (isObject(properties)) {
    const { addressPrefixes } = properties;
    if (!Array.isArray(addressPrefixes)) throw new Error('a row\'s "addressPrefixes" is not a list');
    return addressPrefixes.map(textOf);
  }
  const found = ROW_KEYS.map((key) => row[key]).filter((value) => value !== undefined);
  if (found.length === 0) throw new Error("a row has no prefix");
  return found.map(textOf);
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  throw new Error(`where a prefix should be is ${value === null ? "null" : `a ${typeof value}`}`);
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
