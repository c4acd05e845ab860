import type { AuditEventName } from "../event/event.ts";

/** What a line is about. Each has a queue of its own: alerts are written first and lost last, then logins, then requests. */
export type Lane = "alert" | "login" | "request";

/** The order in which lines are written; they are lost in the opposite one. */
export const LANES: readonly Lane[] = ["alert", "login", "request"];

/** A flood of requests pushes out neither logins nor alerts, and a flood of logins no alert. */
export function laneOf(name: AuditEventName): Lane {
  switch (name) {
    case "login.anomaly":
    case "traffic.surge":
    case "config.warning":
      return "alert";
    case "login.location":
      return "login";
    case "client.resolved":
    case "client.rejected":
      return "request";
  }
}
