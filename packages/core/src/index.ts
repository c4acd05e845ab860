export { type Address, parseAddress } from "./address.ts";
export { anonymize } from "./anonymize.ts";
export { believes } from "./believes.ts";
export type { CarrierOption, HeaderCarrier, HeaderForm, Says } from "./carrier.ts";
export type { ConnectionClaim, ConnectionMethod, Distrust, Hop, Method, Stop, Tlv, Verdict } from "./claim.ts";
export type { Demand } from "./demand.ts";
export { type Endpoint, formatEndpoint, parseEndpoint } from "./endpoint.ts";
export { ERROR_CODES, type ErrorCode, WherefromError } from "./errors.ts";
export type { ClientCertificate, Connection, Evidence, Headers, Transport } from "./evidence.ts";
export { NAMED_RANGES } from "./named-ranges.ts";
export type { Origin } from "./origin.ts";
export { type PeerMatcher, peerMatcher } from "./peer-matcher.ts";
export { createPeerMemory, type PeerMemory } from "./peer-memory.ts";
export {
  compilePolicy,
  HOP_LIMIT,
  type HopOptions,
  type Notice,
  type Policy,
  type PolicyOptions,
  type RuleOptions,
  type RulesOptions,
  type Silence,
  type TrustOptions,
} from "./policy.ts";
export { policyFromEnv } from "./policy-from-env.ts";
export { covers, formatPrefix, parsePrefix, type Prefix } from "./prefix.ts";
export { rateLimitKey, type RateLimitKeyOptions } from "./rate-limit-key.ts";
export { clientAddress, type Resolution, resolve } from "./resolution.ts";
export { formatResolution } from "./resolution-text.ts";
export { SPECIAL_RANGES, type SpecialRange, specialRangeOf } from "./special-ranges.ts";
export { nearestSpelling } from "./suggestion.ts";
export { trustFunction } from "./trust-function.ts";
export type { Warning } from "./warning.ts";
