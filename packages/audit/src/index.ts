export {
  AUDIT_EVENT_NAMES,
  type AuditEvent,
  type AuditEventName,
  type AuditListener,
  type AuditRequest,
  type AuditUser,
  type ClientEvent,
  type ConfigWarningEvent,
  type EventNamed,
  publish,
  subscribe,
  type SurgeEvent,
} from "./audit-event.ts";
export { type AuditRecord, type RecordedHop, recordOf, TEXT_LIMIT } from "./audit-record.ts";
export { formatCef } from "./cef.ts";
export { formatCombined } from "./combined.ts";
export type { ConfigWarning, ConfigWarningCode } from "./config-warning.ts";
export { auditConnections, auditResolution, type ResolutionContext } from "./connection-audit.ts";
export { auditDatagrams, type DatagramAuditOptions, type DatagramSource } from "./datagram-audit.ts";
export { ECS_VERSION, formatEcs, formatEcsLine } from "./ecs.ts";
export { auditHttp, type HttpAuditOptions } from "./http-audit.ts";
export { formatOtel, type OtelAttributes } from "./otel.ts";
export { HASH_KEY_LEAST_BYTES, keyedHash, type Privacy } from "./privacy.ts";
export { rejectionOf } from "./rejection.ts";
export { auditTo, type AuditToOptions, jsonLines, type JsonLinesOptions } from "./json-lines.ts";
export { HANG_MS, LineSink, type LineSinkOptions, QUEUE_LIMIT_BYTES, RETRY_MS, type SinkStatus } from "./line-sink.ts";
export {
  type LoginAlarm,
  type LoginAttempt,
  type LoginFinding,
  LoginGuard,
  type LoginGuardOptions,
} from "./login-guard.ts";
export type { Locate, Place, PlaceDatabase } from "./place.ts";
export type { Surge, SurgeContributor, SurgeDimension } from "./surge.ts";
export { DENY_FORMATS, type DenyEntry, type DenyFormat, formatDenyList } from "./deny-list.ts";
