export { type Address, parseAddress } from "./address/address.ts";
export { anonymize } from "./prefix/anonymize.ts";
export type {
  CarrierOption,
  HeaderCarrier,
  HeaderForm,
  HeaderOption,
  KnownHeader,
  KnownListHeader,
  ListHeaderOption,
  Says,
} from "./policy/carrier.ts";
export type { ConnectionClaim, Distrust, Hop, Stop, Tlv, Verdict } from "./evidence/claim.ts";
export type { ConnectionMethod, Method } from "./evidence/method.ts";
export type { Demand } from "./policy/demand.ts";
export { type Endpoint, formatEndpoint, parseEndpoint } from "./address/endpoint.ts";
export { ERROR_CODES, type ErrorCode, WherefromError } from "./options/errors.ts";
export type { ClientCertificate, Connection, Evidence, Headers, Transport } from "./evidence/evidence.ts";
export { HOP_LIMIT } from "./options/limits.ts";
export type { HostSource, Origin } from "./resolution/origin.ts";
export type { KnownOriginHeader, OriginOption, OriginPart, OwnOriginHeader } from "./policy/origin-header.ts";
export { compilePolicy, type Notice, type Policy } from "./policy/policy.ts";
export type { DirectOptions, HopOptions, PolicyOptions, RulesOptions, TrustOptions } from "./policy/policy-options.ts";
export type { RuleOptions, Silence } from "./policy/rule.ts";
export type { NormalizeOptions } from "./forwarding/normalize-options.ts";
export { policyFromEnv } from "./policy/from-env.ts";
export { policyText } from "./policy/policy-text.ts";
export type { ListStatus, PolicySource, PolicySourceStatus } from "./policy/source.ts";
export { covers, formatPrefix, parsePrefix, type Prefix } from "./prefix/prefix.ts";
export { rateLimitKey, type RateLimitKeyOptions } from "./resolution/rate-limit-key.ts";
export { clientAddress, type Resolution, resolve } from "./resolution/resolution.ts";
export { formatResolution } from "./resolution/text.ts";
export { trustFunction } from "./policy/trust-function.ts";
export type { Warning } from "./resolution/warning.ts";
