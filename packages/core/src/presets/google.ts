import type { RuleOptions } from "../policy.ts";

/** What Google's firewall documentation names as the front ends' and health checks' IPv4 sources (cloud.google.com/load-balancing/docs/firewall-rules, read in November 2026). */
const GOOGLE_FRONT_ENDS = ["35.191.0.0/16", "130.211.0.0/22"];

export interface GoogleLoadBalancerOptions {
  /** Default: the documented IPv4 sources of global and classic load balancers. Regional ones come from your own proxy-only subnet: name it here. */
  readonly peers?: readonly string[];
}

/**
 * Google's external Application Load Balancer appends two elements, the client and its own address: the client stands second from the right. Only load balancers
 * can send from the documented ranges, and to your backends only your own, so that no secret is needed. A health check sends no header: nobody's client.
 */
export function googleLoadBalancer({ peers = GOOGLE_FRONT_ENDS }: GoogleLoadBalancerOptions = {}): RuleOptions {
  return { name: "google-lb", peers, says: { header: "x-forwarded-for", skip: 1 }, silent: "self" };
}
