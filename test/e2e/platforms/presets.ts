import * as core from "@wherefrom/core/presets";

/** The presets of products that run here: each takes the addresses of the machines. */
export const presets = {
  apache: core.apache,
  caddy: core.caddy,
  h2o: core.h2o,
  haproxy: core.haproxy,
  http2Proxy: core.http2Proxy,
  httpProxy: core.httpProxy,
  lighttpd: core.lighttpd,
  nghttpx: core.nghttpx,
  nginx: core.nginx,
  openshiftRouter: core.openshiftRouter,
  squid: core.squid,
  trafficServer: core.trafficServer,
  varnish: core.varnish,
} as const;
