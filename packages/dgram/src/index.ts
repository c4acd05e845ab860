export {
  compilePolicy,
  type Policy,
  policyFromEnv,
  type PolicyOptions,
  type PolicySource,
  rateLimitKey,
  type Resolution,
} from "@wherefrom/core";
export type { Batch } from "./batch.ts";
export { createSocket, type UdpSocket, udpStatus } from "./create-socket.ts";
export type { UdpStatus } from "./udp-status.ts";
export { FLOW_IDLE_MS, FLOW_LIMIT, type FlowStatus } from "./flow-table.ts";
export { getClient, getClientIp, type RemoteInfo } from "./get-client.ts";
export type { MessageInfo } from "./message-info.ts";
export { convertProtocol248 } from "./protocol-248.ts";
export type { ClientSocketOptions } from "./socket-options.ts";
export { type UdpFormat, type UdpFormatName, type UdpFormatOptions } from "./udp-format.ts";
