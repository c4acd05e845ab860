/** What the other packages of wherefrom need of core and users do not: the checks of options, and what a connection keeps about its peer. It changes without notice. */
export { addressText } from "../address/bytes.ts";
export {
  CONNECTION_METHODS,
  type DatagramMethod,
  type DatagramPrefixMethod,
  placeOf,
  type StreamMethod,
  type StreamPrefixMethod,
} from "../evidence/method.ts";
export { createPeerMemory, type PeerMemory } from "../evidence/peer-memory.ts";
export { checkOptions, checkOwnOptions, checkValue } from "../options/check.ts";
export { invalidCarrier, invalidOption, invalidPolicy, invalidProxyHeader } from "../options/errors.ts";
export { escapedText, jsonLine, replaceInvisible } from "../options/invisible.ts";
export { hintAt, nearestSpelling } from "../options/spelling.ts";
export { KNOWN_HEADERS } from "../policy/carrier.ts";
export { valueText } from "../options/value-text.ts";
export { UDP_PRODUCT_NAMES } from "../wire/udp/products.ts";
export {
  above,
  anyText,
  anything,
  between,
  callback,
  describe,
  either,
  flag,
  having,
  isOptionObject,
  listOf,
  milliseconds,
  objectOf,
  oneOf,
  required,
  type Shape,
  type Shapes,
  tableOf,
  text,
  TIMER_LIMIT_MS,
  whole,
} from "../options/shape.ts";
export { asJson } from "../policy/notation.ts";
export { compileSteps } from "../policy/policy.ts";
export { ORIGIN_HEADERS } from "../policy/origin-header.ts";
export { isProbe, markProbe } from "../resolution/probe.ts";
export { currentPolicy, isPolicySource } from "../policy/source.ts";
export { isClaimant } from "../policy/claimant.ts";
export { HOST_TCP_KINDS } from "../wire/toa/product.ts";
export { type PeerMatcher, peerMatcher } from "../prefix/peer-matcher.ts";
export type { DatagramPrefix, PrefixOptions, PrefixReading, StreamPrefix } from "../wire/prefix/format.ts";
export {
  DATAGRAM_PREFIXES,
  type DatagramPrefixName,
  STREAM_PREFIXES,
  type StreamPrefixFault,
} from "../wire/prefixes.ts";
export { withReference } from "../options/reference-url.ts";
export { checkNormalizeOptions, NORMALIZE } from "../forwarding/normalize-options.ts";
export { headersOfLines, Normalizer } from "../forwarding/normalizer.ts";
export { ADDRESS_NAMES, ORIGIN_NAMES } from "../forwarding/published-names.ts";
