import type { RuleOptions } from "../policy/rule.ts";
import { type OwnProxyOptions, ownProxy } from "./own-proxy.ts";

/** Caddy writes both afresh for a peer that is not in `trusted_proxies`; a client's X-Forwarded-Port and X-Real-IP pass through (seen: 2.6.2). */
const CADDY_ORIGIN = ["x-forwarded-proto", "x-forwarded-host"] as const;

/** Caddy (`reverse_proxy`): replaces X-Forwarded-For by its peer, or appends its peer where `trusted_proxies` names the machine in front of it. */
export function caddy(options: OwnProxyOptions): RuleOptions {
  const { peers, origin = CADDY_ORIGIN } = ownProxy("caddy", options);
  return { name: "caddy", peers, says: "x-forwarded-for", origin };
}

/** Apache (`ProxyPass`, mod_proxy_http): appends its peer to X-Forwarded-For, and its own host to the client's X-Forwarded-Host. X-Forwarded-Proto and -Port are the client's (seen: 2.4). */
export function apache(options: OwnProxyOptions): RuleOptions {
  const { peers, origin = ["x-forwarded-host"] } = ownProxy("apache", options);
  return { name: "apache", peers, says: "x-forwarded-for", origin };
}

/** Varnish: appends its peer to X-Forwarded-For before `vcl_recv`; protocol, host and port are the client's (seen: 7.1). */
export function varnish(options: OwnProxyOptions): RuleOptions {
  const { peers, origin = [] } = ownProxy("varnish", options);
  return { name: "varnish", peers, says: "x-forwarded-for", origin };
}

/** Squid as an accelerator, with `forwarded_for on` (the default): appends its peer to X-Forwarded-For; protocol, host and port are the client's (seen: 5.7). With `off` it appends `unknown`. */
export function squid(options: OwnProxyOptions): RuleOptions {
  const { peers, origin = [] } = ownProxy("squid", options);
  return { name: "squid", peers, says: "x-forwarded-for", origin };
}

/** Apache Traffic Server with `proxy.config.http.insert_squid_x_forwarded_for 1`: appends its peer to X-Forwarded-For; protocol, host and port are the client's (seen: 9.2). `Client-ip` is written only where the client sent none: do not read it. */
export function trafficServer(options: OwnProxyOptions): RuleOptions {
  const { peers, origin = [] } = ownProxy("trafficServer", options);
  return { name: "traffic-server", peers, says: "x-forwarded-for", origin };
}

/** lighttpd (`mod_proxy`): appends its peer to X-Forwarded-For, and overwrites X-Forwarded-Proto and X-Forwarded-Host; X-Forwarded-Port is the client's (seen: 1.4.69). */
export function lighttpd(options: OwnProxyOptions): RuleOptions {
  const { peers, origin = ["x-forwarded-proto", "x-forwarded-host"] } = ownProxy("lighttpd", options);
  return { name: "lighttpd", peers, says: "x-forwarded-for", origin };
}

/** H2O (`proxy.reverse.url`): appends its peer to X-Forwarded-For, and overwrites X-Forwarded-Proto unless `proxy.preserve-x-forwarded-proto` is ON (seen: 2.2.5). */
export function h2o(options: OwnProxyOptions): RuleOptions {
  const { peers, origin = ["x-forwarded-proto"] } = ownProxy("h2o", options);
  return { name: "h2o", peers, says: "x-forwarded-for", origin };
}

/** nghttpx with `--add-x-forwarded-for`, which it does not do by default: appends its peer. It overwrites X-Forwarded-Proto unless `--no-add-x-forwarded-proto` (seen: 1.52). */
export function nghttpx(options: OwnProxyOptions): RuleOptions {
  const { peers, origin = ["x-forwarded-proto"] } = ownProxy("nghttpx", options);
  return { name: "nghttpx", peers, says: "x-forwarded-for", origin };
}

/** fabio: appends its peer to X-Forwarded-For. X-Real-IP, X-Forwarded-Proto, X-Forwarded-Port and Forwarded are written only where the client sent none (proxy/http_headers.go of 1.6). */
export function fabio(options: OwnProxyOptions): RuleOptions {
  const { peers, origin = [] } = ownProxy("fabio", options);
  return { name: "fabio", peers, says: "x-forwarded-for", origin };
}

/** The router of OpenShift (HAProxy) with the policy `Append` (the default) or `Replace`. With `IfNone` and `Never` the client writes the list: do not name it here. */
export function openshiftRouter(options: OwnProxyOptions): RuleOptions {
  const { peers, origin = ["x-forwarded-proto", "x-forwarded-host", "x-forwarded-port"] } = ownProxy(
    "openshiftRouter",
    options,
  );
  return { name: "openshift-router", peers, says: "x-forwarded-for", origin };
}

/**
 * A proxy in a container beside yours (Docker, Compose): give it a fixed address in the Compose network, and name that one. Every other container of the network, and the
 * gateway, from which Docker's own port forwarding comes, stay clients. The gateway belongs in `infrastructure`.
 */
export function dockerCompose(options: OwnProxyOptions): RuleOptions {
  const { peers, origin = [] } = ownProxy("dockerCompose", options);
  return { name: "docker-compose", peers, says: "x-forwarded-for", origin };
}
