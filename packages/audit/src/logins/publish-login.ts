import { type AuditRequest, isHeard, publish } from "../event/event.ts";
import type { LoginFinding } from "../event/login-finding.ts";
import type { Place } from "../event/place.ts";
import type { LocatedLogin } from "./attempt.ts";

/** Publishes `login.location`, and `login.anomaly` for each finding, as far as a listener is there. */
export function publishLogin(login: LocatedLogin, findings: readonly LoginFinding[]): void {
  const isLocationHeard = isHeard("login.location");
  const isAnomalyHeard = findings.length > 0 && isHeard("login.anomaly");
  if (!isLocationHeard && !isAnomalyHeard) return;
  const { time, resolution, transport = "tcp", place, success, failure, mfa } = login;
  const outcome = success ? "success" : "failure";
  // A caller without types may have no user.
  const user = typeof login.user?.id === "string" ? login.user : { id: login.id };
  const request = requestOf(login);
  const event = {
    time: new Date(time),
    resolution,
    transport,
    user,
    place,
    outcome,
    request,
    login: { failure, mfa },
  } as const;
  if (isLocationHeard) publish({ name: "login.location", ...event, reason: failure, numbers: numbersOf(place) });
  if (!isAnomalyHeard) return;
  for (const finding of findings) {
    publish({ name: "login.anomaly", ...event, reason: finding.alarm, numbers: finding.numbers, finding });
  }
}

function requestOf({ userAgent, requestId, traceId }: LocatedLogin): AuditRequest | undefined {
  if (userAgent === undefined && requestId === undefined && traceId === undefined) return undefined;
  return { userAgent, id: requestId, traceId };
}

function numbersOf(place: Place | undefined): Readonly<Record<string, number | string>> | undefined {
  if (place === undefined) return undefined;
  const entries = Object.entries(place).filter(([, value]) => typeof value === "string" || typeof value === "number");
  return entries.length === 0 ? undefined : (Object.fromEntries(entries) as Record<string, number | string>);
}
