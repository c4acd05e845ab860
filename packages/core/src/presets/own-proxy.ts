import type { RuleOptions } from "../policy.ts";

/** Machines of your own. */
export interface OwnProxyOptions {
  /** Their addresses, as narrow as you can: whoever is in there names your clients. */
  readonly peers: readonly string[];
}

/** nginx with `proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for`: appends its peer. Set X-Forwarded-Proto and -Host as well, or the client does. */
export function nginx({ peers }: OwnProxyOptions): RuleOptions {
  return { name: "nginx", peers, says: "x-forwarded-for" };
}

/** HAProxy with `option forwardfor`: adds a line with its peer behind the client's (configuration manual, 4.2). */
export function haproxy({ peers }: OwnProxyOptions): RuleOptions {
  return { name: "haproxy", peers, says: "x-forwarded-for" };
}

/** Traefik: appends its peer to X-Forwarded-For, and drops what came from outside `forwardedHeaders.trustedIPs` before that. */
export function traefik({ peers }: OwnProxyOptions): RuleOptions {
  return { name: "traefik", peers, says: "x-forwarded-for" };
}

/**
 * Envoy, and Istio's gateways: X-Envoy-External-Address is set at the edge alone, to the address that `use_remote_address` and `xff_num_trusted_hops` make the
 * client's, and removed from requests of outside. A sidecar passes it on: name the sidecar's own address ("127.0.0.6", loopback) and let nobody else reach it.
 */
export function envoyExternalAddress({ peers }: OwnProxyOptions): RuleOptions {
  return { name: "envoy", peers, says: "x-envoy-external-address" };
}

/** Envoy by X-Forwarded-For, to which it appends its peer (`use_remote_address: true`). */
export function envoy({ peers }: OwnProxyOptions): RuleOptions {
  return { name: "envoy", peers, says: "x-forwarded-for" };
}

export interface IngressNginxOptions extends OwnProxyOptions {
  /**
   * "x-real-ip" (default): one hop; the controller overwrites it by its peer, or by what its `use-forwarded-headers` made the client, and the latter is for whoever
   * can reach it to choose unless `proxy-real-ip-cidr` is narrow. "x-forwarded-for": two hops and more; needs `compute-full-forwarded-for: "true"`,
   * because otherwise the controller replaces the list by its peer.
   */
  readonly says?: "x-real-ip" | "x-forwarded-for";
}

/** The ingress-nginx controller (retired in 2026; its ConfigMap keys are kept by its forks). Behind a Service of type `Cluster` its own peer is a node. */
export function ingressNginx({ peers, says = "x-real-ip" }: IngressNginxOptions): RuleOptions {
  return { name: "ingress-nginx", peers, says };
}
