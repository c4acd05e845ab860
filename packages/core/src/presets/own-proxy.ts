import type { OriginOption } from "../policy/origin-header.ts";
import { checkOptions } from "../options/check.ts";
import { anything, listOf, oneOf, required, type Shape, type Shapes, text } from "../options/shape.ts";
import type { RuleOptions } from "../policy/rule.ts";

/** Machines of your own. */
export interface OwnProxyOptions {
  /** Their addresses, CIDR prefixes or named ranges, as narrow as you can make them: each machine in there names your clients. */
  readonly peers: readonly string[];
  /** Headers of protocol, host and port that your configuration of the proxy overwrites. Default: those that the product overwrites by itself. */
  readonly origin?: readonly OriginOption[];
}

/** Its headers are `compilePolicy`'s to check. */
export const ORIGIN: Shape = { ...listOf(anything), expected: "a list of headers of protocol, host and port" };
const SHAPES: Shapes<OwnProxyOptions> = { peers: required(listOf(text)), origin: ORIGIN };

/** The options; or `ERR_WHEREFROM_INVALID_POLICY`, with the name of the preset that was given them. */
export function ownProxy(name: string, options: OwnProxyOptions): OwnProxyOptions {
  checkOptions<OwnProxyOptions>(name, options, SHAPES, "ERR_WHEREFROM_INVALID_POLICY");
  return options;
}

/** nginx with `proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for`: appends its peer. X-Forwarded-Proto and -Host are the client's unless you set them as well: then name them in `origin`. */
export function nginx(options: OwnProxyOptions): RuleOptions {
  const { peers, origin = [] } = ownProxy("nginx", options);
  return { name: "nginx", peers, says: "x-forwarded-for", origin };
}

/** HAProxy with `option forwardfor`: adds a line with its peer behind the client's (configuration manual, 4.2). It passes on the client's X-Forwarded-Proto unless you set it. */
export function haproxy(options: OwnProxyOptions): RuleOptions {
  const { peers, origin = [] } = ownProxy("haproxy", options);
  return { name: "haproxy", peers, says: "x-forwarded-for", origin };
}

/** What Traefik writes afresh unless the peer is in `forwardedHeaders.trustedIPs`. For a WebSocket the protocol is ws or wss. */
const TRAEFIK_ORIGIN = ["x-forwarded-proto", "x-forwarded-host", "x-forwarded-port"] as const;

/** Traefik: appends its peer to X-Forwarded-For, and drops what came from outside `forwardedHeaders.trustedIPs` before that. */
export function traefik(options: OwnProxyOptions): RuleOptions {
  const { peers, origin = TRAEFIK_ORIGIN } = ownProxy("traefik", options);
  return { name: "traefik", peers, says: "x-forwarded-for", origin };
}

/** With `use_remote_address: true` Envoy overwrites it (configuration of the HTTP connection manager, "x-forwarded-proto"). X-Forwarded-Host and -Port are passed on. */
const ENVOY_ORIGIN = ["x-forwarded-proto"] as const;

/**
 * Envoy, and Istio's gateways: X-Envoy-External-Address is set at the edge alone, to the address that `use_remote_address` and `xff_num_trusted_hops` make the
 * client's, and removed from requests of outside. A sidecar passes it on: name the sidecar's own address ("127.0.0.6", loopback) and let no other machine reach it.
 */
export function envoyExternalAddress(options: OwnProxyOptions): RuleOptions {
  const { peers, origin = ENVOY_ORIGIN } = ownProxy("envoyExternalAddress", options);
  return { name: "envoy", peers, says: "x-envoy-external-address", origin };
}

/** Envoy by X-Forwarded-For, to which it appends its peer (`use_remote_address: true`). */
export function envoy(options: OwnProxyOptions): RuleOptions {
  const { peers, origin = ENVOY_ORIGIN } = ownProxy("envoy", options);
  return { name: "envoy", peers, says: "x-forwarded-for", origin };
}

/** The controller's Pods, and which of its two headers is read. */
export interface IngressNginxOptions extends OwnProxyOptions {
  /**
   * "x-real-ip" (default): one hop; the controller overwrites it by its peer, or by what its `use-forwarded-headers` made the client, and the latter is for every machine
   * that can reach it to choose unless `proxy-real-ip-cidr` is narrow. "x-forwarded-for": two hops and more; needs `compute-full-forwarded-for: "true"`,
   * because otherwise the controller replaces the list by its peer.
   */
  readonly says?: "x-real-ip" | "x-forwarded-for";
}

/** What the controller's template sets on every request (rootfs/etc/nginx/template/nginx.tmpl). */
const INGRESS_NGINX_ORIGIN = [
  "x-forwarded-proto",
  "x-forwarded-host",
  "x-forwarded-port",
  "x-forwarded-scheme",
] as const;

const INGRESS_SHAPES: Shapes<IngressNginxOptions> = { ...SHAPES, says: oneOf("x-real-ip", "x-forwarded-for") };

/** The ingress-nginx controller (retired in 2026; its ConfigMap keys are kept by its forks). Behind a Service of type `Cluster` its own peer is a node. */
export function ingressNginx(options: IngressNginxOptions): RuleOptions {
  checkOptions<IngressNginxOptions>("ingressNginx", options, INGRESS_SHAPES, "ERR_WHEREFROM_INVALID_POLICY");
  const { peers, says = "x-real-ip", origin = INGRESS_NGINX_ORIGIN } = options;
  return { name: "ingress-nginx", peers, says, origin };
}
