import { isInside } from "./address.ts";

/** A vendor whose machines are recognised by their addresses. */
export interface Vendor {
  /** As people write it. */
  readonly name: string;
  /** The preset of core that names its machines. */
  readonly preset: string;
  /** The header in which it names the client, where it overwrites one. */
  readonly header: string | undefined;
  /** Elements of its own that it appends behind the client's. */
  readonly skip: number;
  /** Whether all of its customers share these machines, so that a range alone proves nothing. */
  readonly isShared: boolean;
  readonly prefixes: readonly string[];
}

/**
 * To recognise machines by, and to try policies with: the lists that the vendors published, read in November 2026. What a policy is pasted with is fetched by its operator.
 * Sources: https://www.cloudflare.com/ips-v4 and ips-v6, https://api.fastly.com/public-ip-list, cloud.google.com/load-balancing/docs/firewall-rules.
 */
const VENDORS: readonly Vendor[] = [
  {
    name: "Cloudflare",
    preset: "cloudflare",
    header: "cf-connecting-ip",
    skip: 0,
    isShared: true,
    prefixes: [
      "103.21.244.0/22",
      "103.22.200.0/22",
      "103.31.4.0/22",
      "104.16.0.0/13",
      "104.24.0.0/14",
      "108.162.192.0/18",
      "131.0.72.0/22",
      "141.101.64.0/18",
      "162.158.0.0/15",
      "172.64.0.0/13",
      "173.245.48.0/20",
      "188.114.96.0/20",
      "190.93.240.0/20",
      "197.234.240.0/22",
      "198.41.128.0/17",
      "2400:cb00::/32",
      "2405:8100::/32",
      "2405:b500::/32",
      "2606:4700::/32",
      "2803:f800::/32",
      "2a06:98c0::/29",
      "2c0f:f248::/32",
    ],
  },
  {
    name: "Fastly",
    preset: "fastly",
    header: "fastly-client-ip",
    skip: 0,
    isShared: true,
    prefixes: [
      "23.235.32.0/20",
      "43.249.72.0/22",
      "103.244.50.0/24",
      "103.245.222.0/23",
      "103.245.224.0/24",
      "104.156.80.0/20",
      "140.248.64.0/18",
      "140.248.128.0/17",
      "146.75.0.0/17",
      "151.101.0.0/16",
      "157.52.64.0/18",
      "167.82.0.0/17",
      "167.82.128.0/20",
      "167.82.160.0/20",
      "167.82.224.0/20",
      "172.111.64.0/18",
      "185.31.16.0/22",
      "199.27.72.0/21",
      "199.232.0.0/16",
      "2a04:4e40::/32",
      "2a04:4e42::/32",
    ],
  },
  {
    name: "Google's load balancer",
    preset: "googleLoadBalancer",
    header: undefined,
    skip: 1,
    isShared: false,
    prefixes: ["35.191.0.0/16", "130.211.0.0/22", "2600:2d00:1:b029::/64", "2600:2d00:1:1::/64"],
  },
];

export function vendorOf(address: string | undefined): Vendor | undefined {
  return VENDORS.find(({ prefixes }) => isInside(prefixes, address));
}
