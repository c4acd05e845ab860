import { checkOptions } from "../options/check.ts";
import { listOf, oneOf, required, type Shapes, text } from "../options/shape.ts";
import type { RuleOptions } from "../policy/rule.ts";
import { ORIGIN, type OwnProxyOptions, ownProxy } from "./own-proxy.ts";

/** What Google's firewall documentation names as the front ends' and health checks' IPv4 sources (cloud.google.com/load-balancing/docs/firewall-rules, read in November 2026). */
const GOOGLE_FRONT_ENDS = ["35.191.0.0/16", "130.211.0.0/22"];

/** Nothing needs to be said. */
export interface GoogleLoadBalancerOptions {
  /** Default: the documented IPv4 sources of global and classic load balancers. Regional ones come from your own proxy-only subnet: name it here. */
  readonly peers?: readonly string[];
}

/**
 * Google's external Application Load Balancer appends two elements, the client and its own address: the client stands second from the right. Only load balancers
 * can send from the documented ranges, and to your backends only your own, so that no secret is needed. A health check sends no header, and has no client. It writes X-Forwarded-Proto
 * (cloud.google.com/load-balancing/docs/https, "target proxies").
 */
export function googleLoadBalancer(options: GoogleLoadBalancerOptions = {}): RuleOptions {
  checkOptions<GoogleLoadBalancerOptions>(
    "googleLoadBalancer",
    options,
    { peers: listOf(text) },
    "ERR_WHEREFROM_INVALID_POLICY",
  );
  const { peers = GOOGLE_FRONT_ENDS } = options;
  return {
    name: "google-lb",
    peers,
    says: { header: "x-forwarded-for", skip: 1 },
    silent: "self",
    origin: ["x-forwarded-proto"],
  };
}

/** Where clients connect to. */
export interface CloudRunOptions extends OwnProxyOptions {
  /** "load-balancer": an external Application Load Balancer stands in front, and the service's ingress admits nothing else; it appends an element of its own. Default: clients connect to the service's own URL. */
  readonly behind?: "load-balancer";
}

const CLOUD_RUN_SHAPES: Shapes<CloudRunOptions> = {
  peers: required(listOf(text)),
  origin: ORIGIN,
  behind: oneOf("load-balancer"),
};

/**
 * Cloud Run: Google's front end appends the client to X-Forwarded-For. Without the ingress setting "internal and Cloud Load Balancing" a client of the service's own URL
 * writes what `behind: "load-balancer"` reads.
 */
export function cloudRun(options: CloudRunOptions): RuleOptions {
  checkOptions<CloudRunOptions>("cloudRun", options, CLOUD_RUN_SHAPES, "ERR_WHEREFROM_INVALID_POLICY");
  const { peers, behind, origin = [] } = options;
  const says = behind === undefined ? "x-forwarded-for" : { header: "x-forwarded-for", skip: 1 };
  return { name: "cloud-run", peers, says, origin };
}

/** App Engine: X-Appengine-User-IP, which is removed from clients' requests (cloud.google.com/appengine/docs/flexible/reference/request-headers). Requests of its own (cron, health checks) have none, and no client. */
export function appEngine(options: OwnProxyOptions): RuleOptions {
  const { peers, origin = [] } = ownProxy("appEngine", options);
  return { name: "app-engine", peers, says: "x-appengine-user-ip", silent: "self", origin };
}
