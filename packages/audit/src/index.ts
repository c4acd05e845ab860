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
export { clientFields, currentClient, followClients, runWithClient } from "./client-context.ts";
export { formatCombined } from "./combined.ts";
export { auditConfig, type ConfigAuditOptions, FLOOD_REQUESTS, FLOOD_WINDOW_MS } from "./config-audit.ts";
export type { ConfigWarning, ConfigWarningCode } from "./config-warning.ts";
export { auditConnections, auditResolution, type ResolutionContext } from "./connection-audit.ts";
export { auditDatagrams, type DatagramAuditOptions, type DatagramSource } from "./datagram-audit.ts";
export { ECS_VERSION, formatEcs } from "./ecs.ts";
export { formatEcsLine } from "./ecs-line.ts";
export { auditHttp, type HttpAuditOptions } from "./http-audit.ts";
export { formatOtel, type OtelAttributes } from "./otel.ts";
export { HASH_KEY_LEAST_BYTES, keyedHash, type Privacy } from "./privacy.ts";
export { rejectionOf } from "./rejection.ts";
export { auditTo, type AuditToOptions } from "./audit-to.ts";
export { clickHouse, type ClickHouseClient, type ClickHouseOptions } from "./sinks/clickhouse.ts";
export { jsonLines, type JsonLinesOptions } from "./sinks/json-lines.ts";
export { kafka, type KafkaOptions, type KafkaProducer } from "./sinks/kafka.ts";
export type { LineBatch } from "./sinks/line-queue.ts";
export { LineSink } from "./sinks/line-sink.ts";
export { formatOtlpLog, otlpLogs, type OtlpLogsOptions } from "./sinks/otlp-logs.ts";
export type { RedisClient } from "./redis-client.ts";
export { redisStream, type RedisStreamOptions } from "./sinks/redis-stream.ts";
export { closeOnShutdown } from "./sinks/shutdown.ts";
export {
  CLOSE_MS,
  HANG_MS,
  LINGER_MS,
  type OpenOutlet,
  type Outlet,
  QUEUE_LIMIT_BYTES,
  type Refused,
  RETRY_MS,
  Sink,
  type SinkOptions,
  type SinkStatus,
} from "./sinks/sink.ts";
export { syslog, SYSLOG_DATAGRAM_BYTES, type SyslogOptions } from "./sinks/syslog.ts";
export { type LoginAttempt, LoginGuard, type LoginGuardOptions } from "./login-guard.ts";
export type { LoginAlarm, LoginFinding, LoginRules } from "./login-rules.ts";
export {
  REDIS_RETRY_MS,
  REDIS_TIMEOUT_MS,
  SharedLoginGuard,
  type SharedLoginGuardOptions,
} from "./shared-login-guard.ts";
export { STEP_MS, type SurgeDetectorOptions } from "./traffic/surge-detector.ts";
export {
  type TrafficReport,
  TrafficWindow,
  type TrafficWindowOptions,
  WINDOW_DIMENSIONS,
  WINDOW_PARTS,
  type WindowContributor,
  type WindowDimension,
} from "./traffic/traffic-window.ts";
export { type TrafficWatch, type TrafficWatchOptions, watchTraffic } from "./traffic/watch-traffic.ts";
export type { Locate, Place, PlaceDatabase } from "./place.ts";
export type { Surge, SurgeContributor, SurgeDimension } from "./surge.ts";
export { DENY_FORMATS, type DenyEntry, type DenyFormat, formatDenyList } from "./deny-list.ts";
export { ecsClient, ecsRequest, withEcsClient } from "./neighbours/ecs-formats.ts";
export { clientToken } from "./neighbours/morgan.ts";
export { otelHttpHooks } from "./neighbours/otel-http.ts";
export { auditToLogger, type OtelLogger } from "./neighbours/otel-logger.ts";
export { countEvents, type OtelMeter } from "./neighbours/otel-metrics.ts";
export { requestSerializer } from "./neighbours/pino.ts";
