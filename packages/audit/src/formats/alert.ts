import type { AuditRecord } from "../event/record.ts";
import type { LoginEntity, LoginSeverity } from "../event/login-finding.ts";

/** What a person is woken for. */
export interface Alert {
  /** The same for the same rule and entity. */
  readonly key: string;
  readonly time: string;
  readonly ruleId: string;
  readonly rule: string;
  readonly severity: LoginSeverity;
  readonly entity: { readonly kind: LoginEntity["kind"] | "peer"; readonly value: string };
  readonly message: string;
  readonly repeat: number;
  readonly numbers: Readonly<Record<string, number | string>>;
}

/** Of `login.anomaly`, of the beginning of a `traffic.surge`, and of `config.warning`; undefined for what is no alert. */
export function alertOf(record: AuditRecord): Alert | undefined {
  const { finding, surge, warning, numbers = {} } = record;
  const time = record.time.toISOString();
  if (finding !== undefined) {
    const { ruleId, alarm, severity, entity, message, repeat } = finding;
    return { key: `${ruleId} ${entity.value}`, time, ruleId, rule: alarm, severity, entity, message, repeat, numbers };
  }
  if (surge !== undefined && surge.end === undefined) {
    const { id, requests, peakPerSecond, baselinePerSecond } = surge;
    return {
      key: `wherefrom.traffic.surge ${id}`,
      time,
      ruleId: "wherefrom.traffic.surge",
      rule: "surge",
      severity: "high",
      entity: { kind: "service", value: "service" },
      message: `${Math.round(peakPerSecond)} requests a second came; ${Math.round(baselinePerSecond)} are usual.`,
      repeat: 0,
      numbers: { requests, peakPerSecond, baselinePerSecond },
    };
  }
  if (warning === undefined) return undefined;
  const { code, detail, peer } = warning;
  return {
    key: `wherefrom.config.${code} ${peer ?? "service"}`,
    time,
    ruleId: `wherefrom.config.${code}`,
    rule: code,
    severity: "low",
    entity: peer === undefined ? { kind: "service", value: "service" } : { kind: "peer", value: peer },
    message: detail,
    repeat: 0,
    numbers: {},
  };
}
