import type { RuleOptions } from "../policy/rule.ts";
import { type OwnProxyOptions, ownProxy } from "./own-proxy.ts";

/**
 * http-proxy with `xfwd: true`, and what is built on it (http-proxy-3, http-proxy-middleware, vite): appends its peer to X-Forwarded-For, and its own to X-Forwarded-Proto and
 * -Port. X-Forwarded-Host is written only where the client sent none (seen: 1.18.1).
 */
export function httpProxy(options: OwnProxyOptions): RuleOptions {
  const { peers, origin = ["x-forwarded-proto", "x-forwarded-port"] } = ownProxy("httpProxy", options);
  return { name: "http-proxy", peers, says: "x-forwarded-for", origin };
}

/** http2-proxy: appends an element to Forwarded, with protocol and host; it writes no X-Forwarded-For, so that a client's own arrives unchanged (seen: 5.0.53). */
export function http2Proxy(options: OwnProxyOptions): RuleOptions {
  const { peers, origin = [] } = ownProxy("http2Proxy", options);
  return { name: "http2-proxy", peers, says: "forwarded", origin };
}
