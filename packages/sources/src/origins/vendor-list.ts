import { WherefromError } from "@wherefrom/core";
import { checkOptions, describe, hintAt, listOf, required, type Shapes, text } from "@wherefrom/core/internal";
import type { PrefixList, Reading } from "../list/prefix-list.ts";
import { answerOf, resolverOf } from "./resolver.ts";
import { FETCH_SHAPES, type FetchOptions, publishedList, urlList } from "./url-list.ts";
import { GOOGLE_FRONT_ENDS, GOOGLE_RECORD, NO_VENDORS, type VendorName, VENDORS } from "./vendors.ts";

/** How a vendor's list is fetched. */
export interface VendorListOptions extends FetchOptions {
  /** Azure alone, whose file has another URL each week: the ServiceTags file of now, or a mirror of your own. */
  readonly url?: string | undefined;
  /** Google alone: name servers for its TXT record. Default: the system's. */
  readonly servers?: readonly string[] | undefined;
}

const SHAPES: Shapes<VendorListOptions> = { ...FETCH_SHAPES, url: text, servers: listOf(text) };

const NAMES: readonly string[] = [...Object.keys(VENDORS), "azure-front-door", "google-front-ends"];
const GOOGLE_EVERY_MS = 3_600_000;
const GOOGLE_STALE_MS = 604_800_000;
const GOOGLE_MOST = 256;

/**
 * The published list of a service that is a proxy, by its vendor's name. All customers of the vendor share these machines: give the list to the vendor's preset, which asks for a proof that a request
 * came through your configuration.
 */
export function vendorList(
  name: VendorName | "azure-front-door" | "google-front-ends",
  options: VendorListOptions = {},
): PrefixList {
  const { url, servers, ...rest } = checked(name, options);
  if (name === "google-front-ends") return googleList(rest, servers);
  if (name === "azure-front-door") {
    checkOptions<VendorListOptions>(`vendorList("azure-front-door", options)`, options, {
      ...SHAPES,
      url: required(text),
    });
    return {
      ...urlList(url as string, { ...rest, format: "json", service: "AzureFrontDoor.Backend" }),
      origin: "list of azure-front-door",
    };
  }
  return publishedList(`list of ${name}`, VENDORS[name], rest);
}

function checked(name: string, options: VendorListOptions): VendorListOptions {
  if (!NAMES.includes(name)) {
    const why = typeof name === "string" ? NO_VENDORS[name.toLowerCase()] : undefined;
    const given = typeof name === "string" ? JSON.stringify(name) : describe(name);
    throw new WherefromError(
      "ERR_WHEREFROM_INVALID_OPTION",
      `vendorList has no ${given}: ${why ?? hintAt(name, NAMES)}`,
    );
  }
  checkOptions<VendorListOptions>(`vendorList(${JSON.stringify(name)}, options)`, options, SHAPES);
  if (options.url !== undefined && name !== "azure-front-door") {
    throw new WherefromError(
      "ERR_WHEREFROM_INVALID_OPTION",
      `the URL of ${name} is known: a mirror of your own is read by urlList(url)`,
    );
  }
  return options;
}

/** The documented ranges, and those that Google writes into a TXT record, as `ip4:34.96.0.0/20`. */
function googleList(
  { everyMs = GOOGLE_EVERY_MS, staleMs = GOOGLE_STALE_MS, most = GOOGLE_MOST }: FetchOptions,
  servers: readonly string[] | undefined,
): PrefixList {
  const resolver = resolverOf(servers);
  return {
    origin: `TXT record ${GOOGLE_RECORD}`,
    bounds: { within: undefined, isPublic: true, most },
    staleMs,
    whenStale: "keep",
    read: async (signal): Promise<Reading> => {
      const records = await answerOf(resolver, signal, () => resolver.resolveTxt(GOOGLE_RECORD));
      const words = records
        .map((parts) => parts.join(""))
        .join(" ")
        .split(/\s+/);
      const named = words.flatMap((word) => /^ip[46]:(.+)$/.exec(word)?.[1] ?? []);
      if (named.length === 0) throw new Error("it names no prefix (ip4:…)");
      return { prefixes: [...GOOGLE_FRONT_ENDS, ...named], againMs: everyMs };
    },
  };
}
