export type { PolicySource, PolicySourceStatus, ListStatus } from "@wherefrom/core";
export { type FollowOptions, followPolicy, type Lists } from "./follow/follow-policy.ts";
export type { Bounds } from "./list/bounds.ts";
export type { PrefixList, Reading } from "./list/prefix-list.ts";
export type { ListFormat } from "./list/published.ts";
export { containerGateway, type ContainerGatewayOptions } from "./origins/container-gateway.ts";
export { dnsList, type DnsListOptions } from "./origins/dns-list.ts";
export { fileList, type FileListOptions } from "./origins/file-list.ts";
export type { KubernetesConfig } from "./origins/kubernetes-client.ts";
export {
  kubernetesNodes,
  type KubernetesOptions,
  kubernetesPods,
  type KubernetesPodsOptions,
} from "./origins/kubernetes-list.ts";
export { type FetchOptions, urlList, type UrlListOptions } from "./origins/url-list.ts";
export { vendorList, type VendorListOptions } from "./origins/vendor-list.ts";
export type { VendorName } from "./origins/vendors.ts";
export type { SecretReference } from "./settings/secret.ts";
export { settingsFromFile, settingsFromText, type Settings, type SettingsOptions } from "./settings/settings.ts";
