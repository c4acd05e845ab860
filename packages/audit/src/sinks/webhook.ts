import { WherefromError } from "@wherefrom/core";
import {
  anyText,
  checkOptions,
  either,
  jsonLine,
  oneOf,
  required,
  type Shapes,
  tableOf,
  text,
  whole,
} from "@wherefrom/core/internal";
import { type AuditEventName } from "../event/event.ts";
import type { AuditRecord } from "../event/record.ts";
import { type Alert, alertOf } from "../formats/alert.ts";
import { alertBodies, type AlertForm, type AlertGroup } from "./alert-forms.ts";
import type { LineBatch } from "./line-queue.ts";
import type { Refused } from "./outlet.ts";
import { Sink } from "./sink.ts";
import { SINK_SHAPES, type SinkOptions } from "./sink-options.ts";

/** How long alerts wait for others that are sent with them, in milliseconds. */
const GROUP_MS = 1000;
/** How long the same alert is not sent again, in milliseconds: replicas, and lines that are delivered twice, tell of one incident. */
const QUIET_MS = 300_000;
/** Alerts that are remembered for that. */
const REMEMBERED = 10_000;
/** Statuses after which the same request may be made again (RFC 9110, 15.5.9 and 15.6; RFC 6585, 4). */
const isRetryable = (status: number): boolean => status === 408 || status === 429 || status >= 500;
/** Most that is quoted of what a server says is wrong, in characters. */
const QUOTE_LIMIT = 200;

/** Events that are alerts: what `auditTo(webhook(…))` should be asked for. Others are left out. */
export const ALERT_EVENTS: readonly AuditEventName[] = ["login.anomaly", "traffic.surge", "config.warning"];

/** Where alerts are sent, and in which form. */
export interface WebhookOptions extends SinkOptions {
  /** http: or https:. Alerts are POSTed to it. */
  readonly url: string | URL;
  /** "json" (default): `{ service, alerts: [...] }`. "alertmanager": API v2, whose URL ends in /api/v2/alerts. "slack": an incoming webhook. "pagerduty": Events API v2. */
  readonly form?: AlertForm | undefined;
  /** Such as `authorization`. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** PagerDuty's integration key, which "pagerduty" needs. */
  readonly routingKey?: string | undefined;
  /** What the service is called in alerts. Default "wherefrom". */
  readonly service?: string | undefined;
  /** How long the same alert is not sent again, in milliseconds. Default five minutes. */
  readonly quietMs?: number | undefined;
}

const SHAPES: Shapes<WebhookOptions> = {
  ...SINK_SHAPES,
  url: required(either(text, { expected: "a URL", fits: (value) => value instanceof URL })),
  form: oneOf("json", "alertmanager", "slack", "pagerduty"),
  headers: tableOf(anyText),
  routingKey: text,
  service: text,
  quietMs: whole(0),
};

/** Alerts to a person: each `login.anomaly`, the beginning of a `traffic.surge`, each `config.warning`. Those of one rule and entity that come together are one, and the same is not sent again for `quietMs`. */
export function webhook(options: WebhookOptions): Sink {
  checkOptions<WebhookOptions>("webhook", options, SHAPES);
  const {
    url,
    form = "json",
    headers = {},
    routingKey = "",
    service = "wherefrom",
    quietMs = QUIET_MS,
    ...rest
  } = options;
  const target = URL.canParse(String(url)) ? new URL(url) : undefined;
  if (target?.protocol !== "http:" && target?.protocol !== "https:")
    throw invalid("url is an absolute URL of http or https");
  if (target.username !== "" || target.password !== "")
    throw invalid("url has a user or a password in it, which fetch refuses: write headers: { authorization }");
  if (form === "pagerduty" && routingKey === "")
    throw invalid(`form "pagerduty" needs routingKey: the integration key of a PagerDuty service`);
  requireSendable(headers);
  const sent = new Map<string, number>();
  const deliver = async ({ lines }: LineBatch, signal: AbortSignal): Promise<Refused | undefined> => {
    const groups = groupAlerts(lines, sent, quietMs);
    let reason: string | undefined;
    for (const body of groups.length === 0 ? [] : alertBodies(form, groups, service, routingKey)) {
      const response = await fetch(target, {
        method: "POST",
        headers: { ...headers, "content-type": "application/json" },
        body: JSON.stringify(body),
        signal,
      });
      const answer = await response.text();
      if (response.ok) continue;
      reason = `${target.host} answered ${response.status} ${answer.slice(0, QUOTE_LIMIT)}`.trimEnd();
      if (isRetryable(response.status)) throw new Error(reason);
    }
    // Only what has arrived is not sent again.
    const now = performance.now();
    for (const { key, repeat } of groups) remember(sent, `${repeat} ${key}`, now);
    return reason === undefined ? undefined : { lines: lines.length, reason };
  };
  // The path of a webhook's URL may be its secret.
  return new Sink(`the webhook at ${target.host}`, () => ({ deliver }), {
    ...rest,
    lingerMs: rest.lingerMs ?? GROUP_MS,
    format: rest.format ?? formatAlert,
  });
}

function invalid(detail: string): WherefromError {
  return new WherefromError("ERR_WHEREFROM_INVALID_OPTION", `webhook ${detail}`);
}

/** What fetch would refuse at the first delivery, with the value in its message. */
function requireSendable(headers: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(headers)) {
    try {
      new Headers([[name, value]]);
    } catch {
      throw invalid(`headers has ${JSON.stringify(name)}, of which the name or the value cannot be sent`);
    }
  }
}

function formatAlert(record: AuditRecord): string {
  const alert = alertOf(record);
  return alert === undefined ? "" : jsonLine(alert);
}

function groupAlerts(
  lines: readonly string[],
  sent: ReadonlyMap<string, number>,
  quietMs: number,
): readonly AlertGroup[] {
  const groups = new Map<string, AlertGroup>();
  const now = performance.now();
  for (const line of lines) {
    const alert = JSON.parse(line) as Alert;
    const last = sent.get(`${alert.repeat} ${alert.key}`);
    if (last !== undefined && now - last < quietMs) continue;
    groups.set(alert.key, { ...alert, count: (groups.get(alert.key)?.count ?? 0) + 1 });
  }
  return [...groups.values()];
}

function remember(sent: Map<string, number>, key: string, now: number): void {
  sent.delete(key);
  sent.set(key, now);
  for (const oldest of sent.keys()) {
    if (sent.size <= REMEMBERED) return;
    sent.delete(oldest);
  }
}
