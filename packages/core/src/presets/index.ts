export { akamai } from "./akamai.ts";
export { alibabaCdn, alibabaSlb } from "./alibaba.ts";
export {
  awsAlb,
  awsClassicElb,
  awsHttpApi,
  awsRestApi,
  type AwsRestApiOptions,
  cloudfront,
  cloudfrontForwardedFor,
} from "./aws.ts";
export { azureAppGateway, azureAppService, azureFrontDoor, type AzureFrontDoorOptions } from "./azure.ts";
export { bunny, gcore, imperva, keycdn, netlify, sucuri, type UnlistedOptions } from "./cdn.ts";
export { cloudflare } from "./cloudflare.ts";
export { fastly } from "./fastly.ts";
export {
  appEngine,
  cloudRun,
  type CloudRunOptions,
  googleLoadBalancer,
  type GoogleLoadBalancerOptions,
} from "./google.ts";
export {
  envoy,
  envoyExternalAddress,
  haproxy,
  ingressNginx,
  type IngressNginxOptions,
  nginx,
  type OwnProxyOptions,
  traefik,
} from "./own-proxy.ts";
export { parseRangeTable, type RangeTable, type RangeTableOptions } from "../policy/range-table.ts";
export type { HardenedOptions, SharedRangeOptions } from "./shared-range.ts";
export { tencentClb, tencentEdgeOne } from "./tencent.ts";
export {
  digitalOceanApp,
  digitalOceanLoadBalancer,
  flyIo,
  heroku,
  railway,
  render,
  type RouterOptions,
  vercel,
} from "./hosting.ts";
export { http2Proxy, httpProxy } from "./node-proxy.ts";
export { awsLambdaUrl, cloudflareTunnel, ngrok, tailscale, type TunnelOptions } from "./tunnel.ts";
export {
  apache,
  caddy,
  dockerCompose,
  fabio,
  h2o,
  lighttpd,
  nghttpx,
  openshiftRouter,
  squid,
  trafficServer,
  varnish,
} from "./web-server.ts";
