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
  type LoginDetails,
  publish,
  type RequestEnding,
  subscribe,
  type SurgeEvent,
} from "./event/event.ts";
export { type AuditRecord, type RecordedHop, recordOf } from "./event/record.ts";
export { formatCef } from "./formats/cef.ts";
export { clientFields, currentClient, followClients, runWithClient } from "./neighbours/client-context.ts";
export { formatCombined } from "./formats/combined.ts";
export { auditConfig, type ConfigAuditOptions } from "./hooks/config.ts";
export type { ConfigWarning, ConfigWarningCode } from "./event/config-warning.ts";
export { auditConnections, auditResolution, type ResolutionContext } from "./hooks/connection.ts";
export { auditDatagrams, type DatagramAuditOptions, type DatagramSource } from "./hooks/datagram.ts";
export { formatEcs } from "./formats/ecs.ts";
export { auditHttp, type HttpAuditOptions } from "./hooks/http.ts";
export { type Alert, alertOf } from "./formats/alert.ts";
export { formatOcsf } from "./formats/ocsf.ts";
export { formatOtel, type OtelAttributes } from "./formats/otel.ts";
export { keyedHash, type Privacy } from "./event/privacy.ts";
export { auditTo, type AuditToOptions } from "./sinks/audit-to.ts";
export { clickHouse, type ClickHouseClient, type ClickHouseOptions } from "./sinks/clickhouse.ts";
export { jsonLines, type JsonLinesOptions, type JsonLinesSink } from "./sinks/json-lines.ts";
export { kafka, type KafkaOptions, type KafkaProducer } from "./sinks/kafka.ts";
export type { LineBatch } from "./sinks/line-queue.ts";
export type { Lane } from "./sinks/lane.ts";
export { LineSink } from "./sinks/line-sink.ts";
export { otlpLogs, type OtlpLogsOptions } from "./sinks/otlp-logs.ts";
export type { RedisClient } from "./sinks/redis-client.ts";
export { redisStream, type RedisStreamOptions } from "./sinks/redis-stream.ts";
export { closeOnShutdown } from "./sinks/shutdown.ts";
export type { OpenOutlet, Outlet, Refused } from "./sinks/outlet.ts";
export { Sink } from "./sinks/sink.ts";
export type { SinkOptions, SinkStatus } from "./sinks/sink-options.ts";
export { ALERT_EVENTS, webhook, type WebhookOptions } from "./sinks/webhook.ts";
export type { AlertForm, AlertGroup } from "./sinks/alert-forms.ts";
export { syslog, type SyslogOptions } from "./sinks/syslog.ts";
export type { LoginAttempt } from "./logins/attempt.ts";
export { LoginGuard, type LoginGuardOptions } from "./logins/guard.ts";
export type { LoginAlarm, LoginEntity, LoginFinding, LoginSeverity } from "./event/login-finding.ts";
export type { LoginRules } from "./logins/rules.ts";
export { SharedLoginGuard, type SharedLoginGuardOptions } from "./logins/shared-guard.ts";
export type { SharedSurgeOptions } from "./traffic/shared-surges.ts";
export type { SurgeDetectorOptions } from "./traffic/surge-detector.ts";
export type {
  TrafficReport,
  TrafficWindowOptions,
  WindowContributor,
  WindowDimension,
} from "./traffic/traffic-window.ts";
export { type TrafficWatch, type TrafficWatchOptions, watchTraffic } from "./traffic/watch-traffic.ts";
export type { Locate, Place, PlaceDatabase } from "./event/place.ts";
export type { Surge, SurgeChange, SurgeContributor, SurgeDimension } from "./event/surge.ts";
export { type DenyEntry, type DenyFormat, formatDenyList } from "./formats/deny-list.ts";
export { ecsClient, ecsRequest, withEcsClient } from "./neighbours/ecs-formats.ts";
export { clientToken } from "./neighbours/morgan.ts";
export { otelHttpHooks } from "./neighbours/otel-http.ts";
export { auditToLogger, type OtelLogger } from "./neighbours/otel-logger.ts";
export { countEvents, type OtelMeter } from "./neighbours/otel-metrics.ts";
export { requestSerializer } from "./neighbours/pino.ts";
