/**
 * Headers that software reads a client's address from, in lower case: those of proxies, CDNs, platforms and frameworks, and what libraries that guess look through. The list
 * cannot be complete: `remove` of `NormalizeOptions` adds to it.
 */
export const ADDRESS_NAMES: readonly string[] = `
x-forwarded-for forwarded x-real-ip x-client-ip client-ip x-clientip x-forwarded forwarded-for x-forward-for x-cluster-client-ip cluster-client-ip true-client-ip x-true-client-ip cf-connecting-ip cf-connecting-ipv6 cf-pseudo-ipv4 cf-connecting-o2o fastly-client-ip fly-client-ip do-connecting-ip oxygen-buyer-ip
x-appengine-user-ip x-appengine-remote-addr x-google-real-ip x-azure-clientip x-azure-socketip x-nf-client-connection-ip x-arr-clientip
x-vercel-forwarded-for x-vercel-proxied-for x-vercel-ip x-envoy-external-address x-envoy-downstream-remote-address
x-original-forwarded-for x-forwarded-for-original x-original-remote-addr x-original-remote-address x-original-for x-original-ip
x-remote-ip x-remote-addr x-remote-address remote-addr remote-address remote-ip x-originating-ip x-originating-remote-address x-proxyuser-ip
wl-proxy-client-ip proxy-client-ip x-proxy-client-ip x-coming-from coming-from forwarded-for-ip x-forwarded-for-ip client-address client-addr
via-ip x-via-ip ali-cdn-real-ip cdn-src-ip cdn-real-ip cdn-client-ip x-cdn-client-ip x-cdn-src-ip eo-connecting-ip eo-client-ip tencent-client-ip
cloudfront-viewer-address incap-client-ip x-sucuri-clientip x-sucuri-client-ip x-real-client-ip real-ip real-client-ip
x-client-address x-client-addr x-forwarded-client-ip x-forwarded-ip x-user-ip user-ip x-connecting-ip connecting-ip x-source-ip x-src-ip source-ip
x-peer-ip x-ip x-host-ip x-ip-address x-custom-ip-authorization x-sendgrid-ip x-bluecoat-via x-akamai-client-ip akamai-client-ip x-edge-client-ip x-edgeconnect-client-ip gcdn-client-ip x-gfe-client-ip x-sigsci-client-ip x-wsgi-remote-addr x-rails-remote-ip x-lb-client-ip
x-real-remote-addr x-forwarded-remote-ip x-forwarded-address x-forwarded-by x-zscaler-ip x-railway-client-ip x-heroku-client-ip x-cdn-real-ip
`
  .trim()
  .split(/\s+/);

/** Headers that software reads the client's protocol, host and port from, in lower case. */
export const ORIGIN_NAMES: readonly string[] = `
x-forwarded-proto x-forwarded-protocol x-forwarded-scheme x-forwarded-ssl x-forwarded-https x-url-scheme x-scheme front-end-https cloudfront-forwarded-proto
x-forwarded-host x-forwarded-server x-host x-original-host x-original-proto x-http-host-override x-forwarded-port x-original-port
`
  .trim()
  .split(/\s+/);

/** What belongs to the request itself or to its connection (RFC 9110, 7.2 and 7.6.1): never removed and never written. */
export const UNTOUCHED_NAMES: readonly string[] = [
  "host",
  "connection",
  "content-length",
  "expect",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];
