export {
  compilePolicy,
  type Policy,
  policyFromEnv,
  type PolicyOptions,
  type PolicySource,
  rateLimitKey,
  type Resolution,
} from "@wherefrom/core";
export { trustFunction as trustProxy } from "@wherefrom/core";
export type { MiddlewareOptions, NormalizeOptions } from "@wherefrom/net";
export { getClient, getClientIp } from "./client.ts";
export { wherefrom } from "./wherefrom.ts";
