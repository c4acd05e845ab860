import type { ListFormat } from "../list/published.ts";

/** One file that a vendor publishes. */
export interface Publication {
  readonly url: string;
  readonly format: ListFormat;
  /** Which rows to take. */
  readonly service?: string;
  /** The form that is posted to it; without one it is asked for by GET. */
  readonly body?: string;
}

/** Vendors whose published lists name proxies alone, and no machine that a customer rents. */
export type VendorName = "cloudflare" | "cloudflare-api" | "cloudfront" | "fastly" | "bunny" | "keycdn" | "imperva";

/**
 * Lists of services that are proxies: no customer can rent an address in them. URLs and shapes are those of the vendors' documentation, read in November 2026; none of them was fetched while this was
 * written, because the machine had no way to the internet.
 */
export const VENDORS: Readonly<Record<VendorName, readonly Publication[]>> = {
  /** https://www.cloudflare.com/ips/ */
  cloudflare: [
    { url: "https://www.cloudflare.com/ips-v4", format: "text" },
    { url: "https://www.cloudflare.com/ips-v6", format: "text" },
  ],
  /** https://developers.cloudflare.com/api/resources/ips/ */
  "cloudflare-api": [{ url: "https://api.cloudflare.com/client/v4/ips", format: "json" }],
  /** https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/LocationsOfEdgeServers.html */
  cloudfront: [
    { url: "https://ip-ranges.amazonaws.com/ip-ranges.json", format: "json", service: "CLOUDFRONT_ORIGIN_FACING" },
  ],
  /** https://www.fastly.com/documentation/reference/api/utils/public-ip-list/ */
  fastly: [{ url: "https://api.fastly.com/public-ip-list", format: "json" }],
  /** https://docs.bunny.net/cdn/troubleshooting/run-traceroute, "Edge Server IP list" */
  bunny: [
    { url: "https://bunnycdn.com/api/system/edgeserverlist", format: "json" },
    { url: "https://bunnycdn.com/api/system/edgeserverlist/IPv6", format: "json" },
  ],
  /** https://www.keycdn.com/support/where-can-i-find-keycdn-ips */
  keycdn: [{ url: "https://www.keycdn.com/shield-prefixes.json", format: "json" }],
  /** https://docs.imperva.com/howto/c85245b7 ("Imperva IP addresses") */
  imperva: [{ url: "https://my.imperva.com/api/integration/v1/ips", format: "json", body: "resp_format=json" }],
};

/** What there is no list for, and why. */
export const NO_VENDORS: Readonly<Record<string, string>> = {
  akamai:
    "Akamai publishes its edges to customers who are logged in, and at no public URL: write them into a file (fileList), or let Site Shield give you few",
  azure: `"azure-front-door" is the list of proxies; the other tags of Azure hold machines that customers rent`,
  aws: `"cloudfront" is the list of proxies; the other services of ip-ranges.json hold machines that customers rent`,
  ec2: "customers rent EC2's addresses: each of them could name your clients",
  digitalocean: "customers rent droplets: each of them could name your clients",
  gcp: `"google-front-ends" is the list of proxies; cloud.json holds machines that customers rent`,
  google: `"google-front-ends" is the list of proxies; goog.json and cloud.json hold machines that customers rent`,
  hetzner: "customers rent these machines: each of them could name your clients",
  ovh: "customers rent these machines: each of them could name your clients",
  linode: "customers rent these machines: each of them could name your clients",
  vultr: "customers rent these machines: each of them could name your clients",
  oracle: "customers rent these machines: each of them could name your clients",
};

/** Services and tags of the large files that are proxies. Each other one holds, or may hold by tomorrow, machines that customers rent. */
const PROXY_SERVICES: readonly string[] = ["CLOUDFRONT_ORIGIN_FACING", "AzureFrontDoor.Backend"];

/** Why rows of this service are no list of proxies; undefined where they are one. */
export function whyRented(service: string): string | undefined {
  if (PROXY_SERVICES.includes(service)) return undefined;
  const proxies = PROXY_SERVICES.map((name) => JSON.stringify(name)).join(", ");
  return `hold, or may hold, addresses that customers rent: the services that are proxies are ${proxies}`;
}

/** Files that hold addresses of customers, by the end of their host and path. */
export const RENTED_FILES: readonly RegExp[] = [
  /^www\.gstatic\.com\/ipranges\//,
  /^(?:www\.)?digitalocean\.com\/geo\//,
  /^docs\.oracle\.com\/.*public_ip_ranges\.json$/,
  /^geoip\.linode\.com\//,
];

/** Files of which some rows are proxies, by host: the row must be named. */
export const MIXED_FILES: readonly RegExp[] = [
  /^ip-ranges\.amazonaws\.com\//,
  /^download\.microsoft\.com\/.*ServiceTags_/,
];

/** Sources of Google's front ends and health checks (cloud.google.com/load-balancing/docs/firewall-rules, read in November 2026). */
export const GOOGLE_FRONT_ENDS: readonly string[] = [
  "35.191.0.0/16",
  "130.211.0.0/22",
  "2600:2d00:1:b029::/64",
  "2600:2d00:1:1::/64",
];
/** The TXT record with the front ends that ask backends on the internet; same page. */
export const GOOGLE_RECORD = "_cloud-eoips.googleusercontent.com";
