import type { Alert } from "../formats/alert.ts";

/** How an alert is written for its receiver. */
export type AlertForm = "json" | "alertmanager" | "slack" | "pagerduty";

/** Alerts of one rule and entity that are sent together: the latest, and how many there were. */
export interface AlertGroup extends Alert {
  readonly count: number;
}

/** PagerDuty's limits, in characters (Events API v2): of a summary, and of a dedup_key. */
const SUMMARY_LIMIT = 1024;
const KEY_LIMIT = 255;
/** Alerts in one message of Slack's, which takes 40,000 characters. */
const SLACK_ALERTS = 20;
const SLACK_LIMIT = 1500;

const PAGERDUTY_SEVERITY = { low: "info", medium: "warning", high: "error", critical: "critical" } as const;
const ICONS = {
  low: ":white_circle:",
  medium: ":large_yellow_circle:",
  high: ":large_orange_circle:",
  critical: ":red_circle:",
} as const;

/** The bodies of the requests that tell of these alerts. */
export function alertBodies(
  form: AlertForm,
  groups: readonly AlertGroup[],
  service: string,
  routingKey: string,
): readonly object[] {
  switch (form) {
    case "json":
      return [{ service, alerts: groups }];
    case "alertmanager":
      return [groups.map((group) => alertmanagerAlert(group, service))];
    case "slack":
      return slackMessages(groups, service);
    case "pagerduty":
      return groups.map((group) => pagerDutyEvent(group, service, routingKey));
  }
}

/** postableAlert of Alertmanager's API v2. Its labels are what it deduplicates and groups by: none of them changes while an incident lasts. */
function alertmanagerAlert(
  { rule, ruleId, severity, entity, message, time, count, numbers }: AlertGroup,
  service: string,
): object {
  return {
    labels: { alertname: rule, rule_id: ruleId, severity, entity: entity.value, entity_kind: entity.kind, service },
    annotations: { summary: message, count: String(count), numbers: JSON.stringify(numbers) },
    startsAt: time,
  };
}

/** Slack's incoming webhooks: https://api.slack.com/messaging/webhooks. Only three characters are escaped (reference/surfaces/formatting). */
function slackMessages(groups: readonly AlertGroup[], service: string): object[] {
  const messages: object[] = [];
  for (let index = 0; index < groups.length; index += SLACK_ALERTS) {
    const lines = groups
      .slice(index, index + SLACK_ALERTS)
      .map(
        ({ severity, message, ruleId, count }) =>
          `${ICONS[severity]} *${severity}* ${slackText(message)} (\`${ruleId}\`${count > 1 ? `, ${count} times` : ""})`,
      );
    messages.push({ text: `*${slackText(service)}*\n${lines.join("\n")}` });
  }
  return messages;
}

function slackText(text: string): string {
  return text.slice(0, SLACK_LIMIT).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** A trigger of PagerDuty's Events API v2. */
function pagerDutyEvent(
  { key, rule, ruleId, severity, entity, message, time, count, numbers }: AlertGroup,
  service: string,
  routingKey: string,
): object {
  return {
    routing_key: routingKey,
    event_action: "trigger",
    dedup_key: key.slice(0, KEY_LIMIT),
    payload: {
      summary: message.slice(0, SUMMARY_LIMIT),
      source: entity.value.slice(0, KEY_LIMIT),
      severity: PAGERDUTY_SEVERITY[severity],
      timestamp: time,
      component: service,
      group: "wherefrom",
      class: rule,
      custom_details: { ...numbers, rule_id: ruleId, entity_kind: entity.kind, count },
    },
  };
}
