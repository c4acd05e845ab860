import { jsonLine } from "@wherefrom/core/internal";
import type { AuditRecord } from "../event/record.ts";
import { ipOf } from "./ecs-end.ts";

/** Version of the Open Cybersecurity Schema Framework whose classes are written. */
const OCSF_VERSION = "1.3.0";
/** severity_id. */
const SEVERITIES = { low: 2, medium: 3, high: 4, critical: 5 } as const;
const NAMES = ["Unknown", "Informational", "Low", "Medium", "High", "Critical"] as const;

/**
 * A login as an Authentication (3002), its finding as a Detection Finding (2004), one line of JSON; "" for other events, which have no class of their own here. What is wherefrom's own
 * stands under `unmapped`.
 */
export function formatOcsf(record: AuditRecord): string {
  if (record.name === "login.location") return jsonLine(authentication(record));
  return record.finding === undefined ? "" : jsonLine(detection(record));
}

function base(record: AuditRecord, severity: number): object {
  return {
    time: record.time.getTime(),
    severity_id: severity,
    severity: NAMES[severity],
    metadata: {
      version: OCSF_VERSION,
      product: { name: "wherefrom", vendor_name: "wherefrom" },
      event_code: record.name,
      correlation_uid: record.request?.traceId,
      uid: record.request?.id,
    },
  };
}

function authentication(record: AuditRecord): object {
  const { outcome, user, request, reason, login } = record;
  return {
    class_uid: 3002,
    class_name: "Authentication",
    category_uid: 3,
    activity_id: 1,
    activity_name: "Logon",
    type_uid: 300_201,
    ...base(record, 1),
    status_id: outcome === "success" ? 1 : outcome === "failure" ? 2 : 0,
    status_detail: reason,
    user: { uid: user?.id, name: user?.name },
    is_mfa: login?.mfa === undefined ? undefined : login.mfa !== "none",
    src_endpoint: endpoint(record),
    http_request: request?.userAgent === undefined ? undefined : { user_agent: request.userAgent },
    unmapped: unmapped(record),
  };
}

function detection(record: AuditRecord): object {
  const { finding, user } = record;
  if (finding === undefined) return {};
  const { ruleId, alarm, severity, entity, message, repeat } = finding;
  const time = record.time.getTime();
  return {
    class_uid: 2004,
    class_name: "Detection Finding",
    category_uid: 2,
    activity_id: repeat === 0 ? 1 : 2,
    activity_name: repeat === 0 ? "Create" : "Update",
    type_uid: repeat === 0 ? 200_401 : 200_402,
    ...base(record, SEVERITIES[severity]),
    status_id: 1,
    message,
    finding_info: {
      uid: `${ruleId} ${entity.value}`,
      title: alarm,
      desc: message,
      created_time: time,
      analytic: { uid: ruleId, name: alarm, type_id: 1, type: "Rule" },
    },
    evidences: [{ src_endpoint: endpoint(record), actor: user === undefined ? undefined : { user: { uid: user.id } } }],
    observables: [
      {
        name: entity.kind,
        type_id: entity.kind === "user" ? 4 : entity.kind === "address" ? 2 : 99,
        value: entity.value,
      },
    ],
    unmapped: unmapped(record),
  };
}

function endpoint({ client, place, isFull }: AuditRecord): object | undefined {
  if (client === undefined) return undefined;
  const { country, city, latitude, longitude, asn, organization } = place ?? {};
  return {
    ip: ipOf(client, isFull),
    name: isFull ? undefined : client.address,
    port: client.port,
    location:
      country === undefined && city === undefined ? undefined : { country, city, lat: latitude, long: longitude },
    autonomous_system: asn === undefined ? undefined : { number: asn, name: organization },
  };
}

function unmapped({ method, stop, numbers, key }: AuditRecord): object {
  return { wherefrom: { method, stop, key, numbers } };
}
