import { checkOptions } from "../options/check.ts";
import { listOf, oneOf, required, type Shapes, text } from "../options/shape.ts";
import type { KnownHeader } from "../policy/carrier.ts";
import type { OriginOption } from "../policy/origin-header.ts";
import type { RuleOptions } from "../policy/rule.ts";
import { ORIGIN, type OwnProxyOptions, ownProxy } from "./own-proxy.ts";

/** A platform's router that can be read by its own header, or by X-Forwarded-For where a proxy of yours stands in front of the platform. */
export interface RouterOptions extends OwnProxyOptions {
  /** Default: the platform's own header. */
  readonly says?: "x-forwarded-for";
}

const ROUTER_SHAPES: Shapes<RouterOptions> = {
  peers: required(listOf(text)),
  origin: ORIGIN,
  says: oneOf("x-forwarded-for"),
};

/** Its header, or X-Forwarded-For of which `skip` elements are the platform's own. */
function router(
  names: { readonly preset: string; readonly product: string; readonly header: KnownHeader; readonly skip: number },
  options: RouterOptions,
  writes: readonly OriginOption[],
): RuleOptions {
  checkOptions<RouterOptions>(names.preset, options, ROUTER_SHAPES, "ERR_WHEREFROM_INVALID_POLICY");
  const { peers, says, origin = writes } = options;
  const list = { header: "x-forwarded-for", skip: names.skip };
  return { name: names.product, peers, says: says === undefined ? names.header : list, origin };
}

/** Fly Proxy always writes both of these; X-Forwarded-Port is the client's (fly.io/docs/networking/request-headers). */
const FLY_ORIGIN: readonly OriginOption[] = ["x-forwarded-proto", { header: "fly-forwarded-port", tells: "port" }];

/**
 * Fly.io: Fly-Client-IP, who connected to Fly's edge. X-Forwarded-For ends with the application's own address, so that the client stands second from the right.
 * Peers: where Fly Proxy connects from, never fdaa::/16, over which every application of your organisation can reach this one.
 */
export function flyIo(options: RouterOptions): RuleOptions {
  return router({ preset: "flyIo", product: "fly-io", header: "fly-client-ip", skip: 1 }, options, FLY_ORIGIN);
}

/** What vegur, the router that Heroku has published, replaces (src/vegur_proxy42_middleware.erl). */
const HEROKU_ORIGIN = ["x-forwarded-proto", "x-forwarded-port"] as const;

/** Heroku's router: appends the client to X-Forwarded-For. X-Forwarded-Host is the client's. */
export function heroku(options: OwnProxyOptions): RuleOptions {
  const { peers, origin = HEROKU_ORIGIN } = ownProxy("heroku", options);
  return { name: "heroku", peers, says: "x-forwarded-for", origin };
}

/** Render, behind Cloudflare: CF-Connecting-IP, which Cloudflare overwrites. X-Forwarded-For ends with Cloudflare's edge, so that the client stands second from the right. */
export function render(options: RouterOptions): RuleOptions {
  return router({ preset: "render", product: "render", header: "cf-connecting-ip", skip: 1 }, options, []);
}

/** Railway: X-Real-IP; X-Forwarded-Proto is always https (docs.railway.com, "Specs & Limits"). */
export function railway(options: OwnProxyOptions): RuleOptions {
  const { peers, origin = ["x-forwarded-proto"] } = ownProxy("railway", options);
  return { name: "railway", peers, says: "x-real-ip", origin };
}

/** Vercel: X-Vercel-Forwarded-For, overwritten; X-Forwarded-Host is the request's own Host (vercel.com/docs/headers/request-headers). */
export function vercel(options: OwnProxyOptions): RuleOptions {
  const { peers, origin = ["x-forwarded-host"] } = ownProxy("vercel", options);
  return { name: "vercel", peers, says: { header: "x-vercel-forwarded-for" }, origin };
}

/** DigitalOcean App Platform, behind Cloudflare: DO-Connecting-IP, who connected to the edge. */
export function digitalOceanApp(options: OwnProxyOptions): RuleOptions {
  const { peers, origin = [] } = ownProxy("digitalOceanApp", options);
  return { name: "digitalocean-app", peers, says: "do-connecting-ip", origin };
}

/** DigitalOcean's load balancer for HTTP: the last element of X-Forwarded-For. With the PROXY protocol switched on write `{ peers, says: "proxy-protocol" }`. */
export function digitalOceanLoadBalancer(options: OwnProxyOptions): RuleOptions {
  const { peers, origin = [] } = ownProxy("digitalOceanLoadBalancer", options);
  return { name: "digitalocean-lb", peers, says: "x-forwarded-for", origin };
}
