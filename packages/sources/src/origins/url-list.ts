import { WherefromError } from "@wherefrom/core";
import {
  checkOptions,
  checkValue,
  listOf,
  milliseconds,
  oneOf,
  type Shapes,
  text,
  whole,
} from "@wherefrom/core/internal";
import type { PrefixList, Reading } from "../list/prefix-list.ts";
import { type ListFormat, readList } from "../list/published.ts";
import { compileWithin } from "../list/within.ts";
import { readHttps } from "./https-text.ts";
import { MIXED_FILES, type Publication, RENTED_FILES, whyRented } from "./vendors.ts";

/** How a published list is fetched. */
export interface FetchOptions {
  /** How often the list is asked for, in milliseconds. Default an hour; a list that has not changed (ETag) is not sent again. */
  readonly everyMs?: number | undefined;
  /** Age without a good answer from which the list is stale, in milliseconds. It is kept. Default a week. */
  readonly staleMs?: number | undefined;
  /** Most prefixes. Default 10000. */
  readonly most?: number | undefined;
  /** Certificate authorities in PEM, for a mirror of your own. Default: the system's. */
  readonly ca?: string | undefined;
}

/** How a list at a URL is read, and what may be in it. */
export interface UrlListOptions extends FetchOptions {
  /** Default: by the URL's ending, `.json` and `.csv`; text for every other. */
  readonly format?: ListFormat | undefined;
  /** Which rows of a JSON file to take: a service of AWS's ip-ranges.json, a tag of Azure's ServiceTags. */
  readonly service?: string | undefined;
  /** Prefixes in which every entry must lie, and "private", "loopback", "cgnat". Default: addresses of the internet. */
  readonly within?: readonly string[] | undefined;
}

export const FETCH_SHAPES: Shapes<FetchOptions> = {
  everyMs: milliseconds(10),
  staleMs: milliseconds(1),
  most: whole(1),
  ca: text,
};
const SHAPES: Shapes<UrlListOptions> = {
  ...FETCH_SHAPES,
  format: oneOf("text", "json", "csv"),
  service: text,
  within: listOf(text),
};

const EVERY_MS = 3_600_000;
const STALE_MS = 604_800_000;
const MOST = 10_000;

/** A list of proxies that is published at an HTTPS URL. A file of which all or some rows are addresses that customers rent is refused, unless `service` names rows that are proxies. */
export function urlList(url: string, options: UrlListOptions = {}): PrefixList {
  checkValue("urlList(url): the URL", url, text);
  checkOptions<UrlListOptions>("urlList(url, options)", options, SHAPES);
  const { format = formatOf(url), service } = options;
  refuseRented(url, service);
  return publishedList(`list ${url}`, [{ url, format, ...(service !== undefined && { service }) }], options);
}

/** What was read of one file last. */
interface KnownFile {
  readonly etag: string | undefined;
  readonly prefixes: readonly string[];
}

/** The files as one list: all of them, or none. */
export function publishedList(
  origin: string,
  files: readonly Publication[],
  options: FetchOptions & { readonly within?: readonly string[] | undefined },
): PrefixList {
  const { everyMs = EVERY_MS, staleMs = STALE_MS, most = MOST, ca, within } = options;
  const urls = files.map(({ url }) => httpsUrl(url));
  let known = files.map((): KnownFile => ({ etag: undefined, prefixes: [] }));
  return {
    origin,
    bounds: { within: within === undefined ? undefined : compileWithin(within), isPublic: within === undefined, most },
    staleMs,
    whenStale: "keep",
    read: async (signal): Promise<Reading> => {
      const answers = await Promise.all(
        urls.map((url, index) => readHttps(url, { etag: known[index]?.etag, body: files[index]?.body, ca, signal })),
      );
      const read = answers.map(({ text: content, etag }, index): KnownFile => {
        const { format, service } = files[index] as Publication;
        if (content === undefined) return known[index] as KnownFile;
        const prefixes = readList(content, format, service, true);
        // One of two files that has nothing is as broken as both.
        if (prefixes.length === 0) throw new Error(`${urls[index]?.href} has no prefixes`);
        return { etag, prefixes };
      });
      // All of them or none: where one cannot be read, all are asked for again.
      known = read;
      const isChanged = answers.some(({ text: content }) => content !== undefined);
      return { prefixes: isChanged ? read.flatMap((file) => file.prefixes) : "unchanged", againMs: everyMs };
    },
  };
}

function formatOf(url: string): ListFormat {
  const path = url.replace(/[?#].*$/, "").toLowerCase();
  return path.endsWith(".json") ? "json" : path.endsWith(".csv") ? "csv" : "text";
}

function httpsUrl(url: string): URL {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol !== "https:" || parsed.username !== "" || parsed.password !== "") {
    throw invalidOption(
      `a list is read from an https: URL without a user, such as "https://www.example.com/prefixes.txt": whoever can change it on its way names your clients`,
    );
  }
  return parsed;
}

function refuseRented(url: string, service: string | undefined): void {
  const parsed = httpsUrl(url);
  const place = `${parsed.host}${parsed.pathname}`;
  if (RENTED_FILES.some((file) => file.test(place))) {
    throw invalidOption(`${url} holds addresses that customers rent: each of them could name your clients`);
  }
  const isMixed = MIXED_FILES.some((file) => file.test(place));
  if (!isMixed && service === undefined) return;
  const why = whyRented(service ?? "");
  if (why === undefined) return;
  throw invalidOption(
    `${service === undefined ? "all of its rows" : `the rows ${JSON.stringify(service)}`} of ${url} ${why}`,
  );
}

function invalidOption(detail: string): WherefromError {
  return new WherefromError("ERR_WHEREFROM_INVALID_OPTION", detail);
}
