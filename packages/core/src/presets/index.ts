export { akamai } from "./akamai.ts";
export { alibabaCdn, alibabaSlb } from "./alibaba.ts";
export { awsAlb, awsHttpApi, cloudfront, cloudfrontForwardedFor } from "./aws.ts";
export { azureAppGateway, azureFrontDoor, type AzureFrontDoorOptions } from "./azure.ts";
export { cloudflare } from "./cloudflare.ts";
export { fastly } from "./fastly.ts";
export { googleLoadBalancer, type GoogleLoadBalancerOptions } from "./google.ts";
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
export { parseRangeTable, type RangeTable, type RangeTableOptions } from "./range-table.ts";
export type { HardenedOptions, SharedRangeOptions } from "./shared-range.ts";
export { tencentClb, tencentEdgeOne } from "./tencent.ts";
