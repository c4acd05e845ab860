export { addClaim } from "./add-claim.ts";
export { attach } from "./attach.ts";
export { connectionOf } from "./connection-of.ts";
export { getClient, getClientIp } from "./get-client.ts";
export { keptResolution } from "./kept.ts";
export { nativeStatus } from "./native.ts";
export { NOTICE_CHANNEL, type OperatorNotice, operatorNotices } from "./notice.ts";
export { requirePolicy } from "./no-policy.ts";
export {
  connectWithProxyHeader,
  ProxyProtocolAgent,
  type ProxyProtocolAgentOptions,
  type SentProxyHeader,
} from "./proxy-client.ts";
export type { ProxyStatus } from "./proxy-gate.ts";
export { PROXY_TIMEOUT_MS, type ProxyOptions, type ProxyServerOption } from "./proxy-options.ts";
export { proxyStatus } from "./proxy-server.ts";
export { REFUSED_CHANNEL, type Refusal, type RefusalReason } from "./refusal.ts";
export { defineRequestProperties, type RequestProperty } from "./request-properties.ts";
export { hostnameOf, hostOf, ipOf, ipsOf, protocolOf } from "./request-view.ts";
export type { ServerOptions } from "./server-options.ts";
export type { RequestLike, SocketLike, Source } from "./source.ts";
export { attachToaPrograms, isToaWatched, type ToaAttachment } from "./toa-attachment.ts";
export type { ToaStatus } from "./toa-collector.ts";
export {
  type AttachedProgram,
  attachedPrograms,
  type PinnedPrograms,
  pinnedPrograms,
  type SharingMode,
  TOA_PINS,
  type ToaCounts,
  type ToaHook,
} from "./toa-inspection.ts";
export type { ToaOptions, ToaReaderName, ToaServerOption } from "./toa-options.ts";
export { toaStatus } from "./toa-server.ts";
export { wherefrom } from "./wherefrom.ts";
