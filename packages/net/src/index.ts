export {
  compilePolicy,
  type NormalizeOptions,
  type Policy,
  policyFromEnv,
  type PolicyOptions,
  type PolicySource,
  rateLimitKey,
  type Resolution,
} from "@wherefrom/core";
export { addClaim } from "./connection/add-claim.ts";
export type { MiddlewareOptions } from "./request/attacher.ts";
export { attach } from "./request/attach.ts";
export { connectionOf } from "./connection/connection-of.ts";
export { forwardHeaders } from "./request/forward-headers.ts";
export { getClient, getClientIp } from "./request/get-client.ts";
export { keptResolution } from "./connection/kept.ts";
export { nativeStatus } from "./connection/native.ts";
export { NOTICE_CHANNEL, type OperatorNotice, operatorNotices } from "./connection/notice.ts";
export {
  connectWithProxyHeader,
  ProxyProtocolAgent,
  type ProxyProtocolAgentOptions,
  ProxyProtocolHttpsAgent,
  type ProxyProtocolHttpsAgentOptions,
  type SentProxyHeader,
} from "./proxy/client.ts";
export type { ProxyStatus } from "./proxy/gate.ts";
export { PROXY_TIMEOUT_MS, type ProxyOptions, type ProxyServerOption } from "./proxy/options.ts";
export { proxyStatus } from "./proxy/server.ts";
export { REFUSED_CHANNEL, type Refusal, type RefusalReason } from "./proxy/refusal.ts";
export { type Answer, answerFrom, answerOf, defineAnswers, farthestAnswer } from "./request/properties.ts";
export { believedHostOf, hostnameOf, hostOf, ipOf, ipsOf, protocolOf } from "./request/view.ts";
export type { ServerOptions } from "./server-options.ts";
export type { RequestLike, SocketLike, Source } from "./connection/source.ts";
export { attachToaPrograms, isToaWatched, type ToaAttachment } from "./toa/attachment.ts";
export type { ToaStatus } from "./toa/collector.ts";
export type { ToaOptions, ToaReaderName, ToaServerOption } from "./toa/options.ts";
export { toaStatus } from "./toa/server.ts";
export { type Handover, HANDOVER_CHANNEL } from "./request/upgrade.ts";
export { wherefrom } from "./wherefrom.ts";
