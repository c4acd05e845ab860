export { addClaim } from "./add-claim.ts";
export { attach } from "./attach.ts";
export { connectionOf } from "./connection-of.ts";
export { getClient, getClientIp } from "./get-client.ts";
export { keptResolution } from "./kept.ts";
export { requirePolicy } from "./no-policy.ts";
export { hostnameOf, hostOf, ipOf, ipsOf, protocolOf } from "./request-view.ts";
export type { RequestLike, SocketLike, Source } from "./source.ts";
export { wherefrom } from "./wherefrom.ts";
