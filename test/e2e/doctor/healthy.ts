import {
  apache,
  APPEND,
  APPEND_BOTH,
  caddy,
  haproxy,
  hideDoctor,
  hitch,
  INNER,
  LAST,
  lighttpd,
  nghttpx,
  nginx,
  OUTER,
  OWN,
  squid,
  translate,
  twoEdges,
  varnish,
} from "./machine.ts";
import { type Deployment, xff } from "./deployment.ts";
import type { Certificate } from "../certificate.ts";
import { SITE } from "./site.ts";

const [near, far] = SITE.machines;

interface Healthy extends Omit<Deployment, "says" | "exit"> {
  /** Codes of warnings that must be there. */
  readonly warns?: readonly string[];
}

/** Deployments of which the doctor must say no error. */
export const healthy = (certificate: Certificate): readonly Deployment[] => {
  const deployments: readonly Healthy[] = [
    { name: "nginx appends", service: { policy: xff(near) }, start: async (site) => [await nginx(site, APPEND)] },
    {
      name: "nginx overwrites X-Real-IP",
      service: { policy: { trust: [near], from: "x-real-ip" } },
      start: async (site) => [await nginx(site, "proxy_set_header X-Real-IP $remote_addr;")],
    },
    {
      name: "nginx over a Unix socket",
      service: { policy: xff("unix"), isUnix: true },
      start: async (site) => [await nginx(site, APPEND, { ...LAST, to: `unix:${site.path}` })],
    },
    {
      name: "HAProxy adds a line",
      service: { policy: xff(near) },
      start: async (site) => [await haproxy(site, "option forwardfor")],
    },
    {
      name: "HAProxy sends PROXY v2",
      service: { policy: { trust: [near], from: "proxy-protocol" }, options: { proxyProtocol: "required" } },
      start: async (site) => [await haproxy(site, "mode tcp", LAST, "send-proxy-v2")],
    },
    { name: "Caddy", service: { policy: xff(OWN) }, start: async (site) => [await caddy(site)] },
    { name: "Apache", service: { policy: xff(OWN) }, start: async (site) => [await apache(site)] },
    { name: "Varnish", service: { policy: xff(OWN) }, start: async (site) => [await varnish(site)] },
    { name: "squid", service: { policy: xff(near) }, start: async (site) => [await squid(site)] },
    { name: "lighttpd", service: { policy: xff(OWN) }, start: async (site) => [await lighttpd(site)] },
    {
      name: "nghttpx",
      service: { policy: xff(OWN) },
      start: async (site) => [await nghttpx(site, "--add-x-forwarded-for")],
    },
    {
      name: "hitch ends TLS and sends PROXY v2",
      url: `https://${SITE.edge}/`,
      args: () => ["--insecure"],
      service: { policy: { trust: [OWN], from: "proxy-protocol" }, options: { proxyProtocol: "required" } },
      start: async (site) => [await hitch(site, certificate.bundleFile)],
    },
    {
      name: "nginx behind nginx, both named",
      service: { policy: xff(near, far) },
      start: async (site) => [await nginx(site, APPEND, INNER), await nginx(site, APPEND, OUTER)],
    },
    {
      name: "nginx behind HAProxy, two counted",
      service: { policy: { hops: 2, peers: ["10.0.1.0/24"], from: "x-forwarded-for" } },
      start: async (site) => [await nginx(site, APPEND, INNER), await haproxy(site, "option forwardfor", OUTER)],
    },
    {
      name: "two machines are counted, one is there, and no client is among the peers",
      service: { policy: { hops: 2, peers: ["10.0.1.0/24"], from: "x-forwarded-for" } },
      start: async (site) => [await nginx(site, APPEND)],
    },
    {
      name: "Caddy keeps the client's header and appends",
      service: { policy: xff(OWN) },
      start: async (site) => [await caddy(site, "", "trusted_proxies 0.0.0.0/0 ::/0")],
    },
    {
      name: "two edges by turns, both named",
      service: { policy: xff(near, far) },
      start: (site) => twoEdges(site, [APPEND, APPEND]),
      warns: ["several-paths"],
    },
    {
      name: "two edges that say different things",
      service: {
        policy: {
          rules: [
            { peers: [near], says: "x-forwarded-for" },
            { peers: [far], says: "x-real-ip" },
          ],
        },
      },
      start: (site) => twoEdges(site, [APPEND, "proxy_set_header X-Real-IP $remote_addr;"]),
      warns: ["several-paths"],
    },
    {
      name: "Google's load balancer, with skip",
      service: { policy: { trust: ["35.191.0.0/16"], from: { header: "x-forwarded-for", skip: 1 } } },
      start: async (site) => [await nginx(site, APPEND_BOTH, { ...LAST, from: SITE.google })],
    },
    {
      name: "the doctor behind a NAT",
      service: { policy: xff(near) },
      start: async (site) => [await nginx(site, APPEND), hideDoctor(site)],
      warns: ["prober-address-inferred"],
    },
    {
      name: "the doctor behind a NAT that it is told of",
      service: { policy: xff(near) },
      args: () => ["--me", SITE.clients[0]],
      start: async (site) => [await nginx(site, APPEND), hideDoctor(site)],
    },
    {
      name: "HAProxy overwrites X-Forwarded-For",
      service: { policy: xff(near) },
      start: async (site) => [await haproxy(site, "http-request set-header X-Forwarded-For %[src]")],
    },
    {
      name: "squid truncates X-Forwarded-For",
      service: { policy: xff(near) },
      start: async (site) => [await squid(site, "forwarded_for truncate")],
    },
    {
      name: "Forwarded by HAProxy",
      service: { policy: { trust: [near], from: "forwarded" } },
      start: async (site) => [await haproxy(site, "http-request set-header Forwarded for=%[src]")],
    },
    {
      name: "Varnish behind HAProxy",
      service: { policy: xff(OWN, far) },
      start: async (site) => [
        await varnish(site, `${SITE.machines[0]}:8080`, 8080),
        await haproxy(site, "option forwardfor", OUTER),
      ],
    },
    {
      name: "HAProxy in TCP mode before nginx",
      service: { policy: xff(near) },
      start: async (site) => [
        await nginx(
          site,
          APPEND,
          { ...INNER, listen: `${INNER.listen} proxy_protocol` },
          "set_real_ip_from 10.0.1.3; real_ip_header proxy_protocol;",
        ),
        await haproxy(site, "mode tcp", OUTER, "send-proxy-v2"),
      ],
    },
    {
      name: "a kernel that rewrites destinations",
      service: { policy: { trust: [] } },
      start: async (site) => [translate(site)],
    },
    {
      name: "a NAT that the policy knows of",
      service: { policy: { trust: [], infrastructure: [near] } },
      start: async (site) => [translate(site, near)],
    },
    {
      name: "a CDN that shows the secret",
      service: {
        policy: {
          rules: [
            {
              name: "cloudflare",
              peers: ["173.245.48.0/20"],
              says: "cf-connecting-ip",
              with: { header: "x-origin-secret", equals: "open sesame" },
            },
          ],
        },
      },
      start: async (site) => [
        await nginx(
          site,
          `proxy_set_header CF-Connecting-IP $remote_addr; proxy_set_header X-Origin-Secret "open sesame"; ${APPEND}`,
          {
            ...LAST,
            from: SITE.cloudflare,
          },
        ),
      ],
    },
    {
      name: "HTTP/2 in front",
      url: `https://${SITE.edge}/`,
      args: () => ["--insecure"],
      service: { policy: xff(near) },
      start: async (site) => [
        await nginx(
          site,
          APPEND,
          { ...LAST, listen: `${SITE.edge}:443 ssl http2` },
          `ssl_certificate ${certificate.certificateFile}; ssl_certificate_key ${certificate.keyFile};`,
        ),
      ],
    },
    {
      name: "IPv6 clients",
      url: `http://[${SITE.edge6}]/`,
      service: { policy: xff(near) },
      start: async (site) => [await nginx(site, APPEND, { ...LAST, listen: `[${SITE.edge6}]:80` })],
    },
    {
      name: "nginx adds a second X-Real-IP line: a liar can only hide",
      service: { policy: { trust: [near], from: "x-real-ip" } },
      start: async (site) => [await haproxy(site, "http-request add-header X-Real-IP %[src]")],
      warns: ["carrier-added"],
    },
    {
      name: "a firewall that refuses made-up headers",
      service: { policy: xff(near) },
      start: async (site) => [await nginx(site, `if ($http_x_forwarded_for) { return 403; } ${APPEND}`)],
      warns: ["edge-refuses"],
    },
  ];
  return deployments.map(({ warns = [], ...deployment }) => ({ ...deployment, says: warns, exit: 0 }));
};
