/** What a login alarm is about. The names are stable: `wherefrom.login.` before one is its rule id. */
export type LoginAlarm =
  | "impossible-travel"
  | "new-country"
  | "new-asn"
  | "shared-source"
  | "password-guessing"
  | "password-spraying"
  | "distributed-guessing"
  | "login-after-failures"
  | "failure-surge"
  | "unproven-surge";

/** How urgent a finding is. Only "critical" findings are about a login that succeeded for an attacker. */
export type LoginSeverity = "low" | "medium" | "high" | "critical";

/** Whom a finding names. `network` is a /24 of IPv4 or a /48 of IPv6; `address` an IPv4 address or a /64 of IPv6. */
export interface LoginEntity {
  readonly kind: "user" | "address" | "network" | "asn" | "service";
  readonly value: string;
}

/** What is unusual about a login, with the numbers that it was found by. */
export interface LoginFinding {
  readonly alarm: LoginAlarm;
  /** `wherefrom.login.` and the alarm. */
  readonly ruleId: string;
  readonly severity: LoginSeverity;
  readonly entity: LoginEntity;
  /** One sentence for people. */
  readonly message: string;
  /** 0 for the first finding of an incident; n for the n-th time that its size has doubled since. */
  readonly repeat: number;
  readonly numbers: Readonly<Record<string, number | string>>;
}

const SEVERITIES: Readonly<Record<LoginAlarm, LoginSeverity>> = {
  "impossible-travel": "high",
  "new-country": "medium",
  "new-asn": "medium",
  "shared-source": "medium",
  "password-guessing": "medium",
  "password-spraying": "high",
  "distributed-guessing": "high",
  "login-after-failures": "critical",
  "failure-surge": "high",
  "unproven-surge": "high",
};

export function findingOf(
  alarm: LoginAlarm,
  entity: LoginEntity,
  message: string,
  numbers: LoginFinding["numbers"],
  repeat = 0,
): LoginFinding {
  return { alarm, ruleId: `wherefrom.login.${alarm}`, severity: SEVERITIES[alarm], entity, message, repeat, numbers };
}
