/** For the other packages of wherefrom, which take a policy, answer for frameworks, or look after programs in the kernel. It is no public interface, and changes without notice. */
export { policyAskedOf } from "../connection/header-watch.ts";
export { onlyPolicy, requirePolicy } from "../connection/no-policy.ts";
export { type Cause, type CauseCode, CAUSES } from "../connection/cause.ts";
export { requireNative } from "../connection/native.ts";
export { isQuiet, quoteBytes, setNotices, tellOnce, tellOperator, warnProcess } from "../connection/notice.ts";
export { shared } from "../connection/shared.ts";
export { gateways4, gateways6 } from "../connection/default-gateways.ts";
export { serverOf } from "../connection/early-reader.ts";
export { headersCutAt } from "../connection/header-limit.ts";
export { keyOf } from "../connection/kept.ts";
export { givenFor } from "../connection/policy-of.ts";
export { isProbeRequest, recognizeProbes } from "../connection/probe.ts";
export { socketOf } from "../connection/session-sockets.ts";
export { UNREAD_CHANNEL, type UnreadConnection, watchTrouble } from "../proxy/trouble.ts";
export { wrappedOptions, wrappedPolicy, wrappedServers } from "../wrapped-servers.ts";
export { requireOptional } from "../connection/optional-package.ts";
export { setRead, tellUnreadCarriers } from "../connection/unread-carrier.ts";
export { compileServerOptions } from "../server-options.ts";
export { coverServer } from "../covering.ts";
export { onServerSeen } from "../request/header-lines.ts";
export { isHttpServer } from "../request/normalizable.ts";
export { compileNormalizing, type Normalizing } from "../request/normalizing.ts";
export { requireHeaderLines } from "../request/self-test.ts";
export { type Attacher, compileAttacher } from "../request/attacher.ts";
export { type CarriedRequest, STREAM_CHANNEL } from "../request/http2-streams.ts";
export { pathOf } from "../request/view.ts";
export {
  type AttachedProgram,
  attachedPrograms,
  type PinnedPrograms,
  pinnedPrograms,
  type SharingMode,
  TOA_PINS,
  type ToaCounts,
  type ToaHook,
} from "../toa/inspection.ts";
