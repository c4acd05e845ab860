import { jsonLine } from "@wherefrom/core/internal";
import type { Endpoint } from "@wherefrom/core";
import { AUDIT_EVENT_NAMES, type AuditEventName, type AuditRequest, type AuditUser } from "../event/event.ts";
import type { AuditRecord, RecordedHop } from "../event/record.ts";
import type { LoginFinding } from "../event/login-finding.ts";
import { splitHost } from "../event/split-host.ts";
import type { Surge } from "../event/surge.ts";
import { databasesText, endText, ipOf, isIp } from "./ecs-end.ts";
import { numberText, quote } from "./line-text.ts";

/** Version of the Elastic Common Schema whose fields are written. What is written is in 8.11 and in 9.4 as well, with the same types: test/conformance/schemas holds it to both. */
export const ECS_VERSION = "8.17.0";

/** event.kind, event.category and event.type of each event: ECS's own words. */
const CLASSES: Readonly<Record<AuditRecord["name"], { kind: string; category: string[]; type: string[] }>> = {
  "client.resolved": { kind: "event", category: ["network"], type: ["connection"] },
  "client.rejected": { kind: "event", category: ["network", "intrusion_detection"], type: ["denied"] },
  "login.location": { kind: "event", category: ["authentication"], type: ["start"] },
  "login.anomaly": { kind: "alert", category: ["authentication", "intrusion_detection"], type: ["info"] },
  "traffic.surge": { kind: "alert", category: ["network", "intrusion_detection"], type: ["info"] },
  "config.warning": { kind: "event", category: ["configuration"], type: ["info"] },
};

/** What `event` says of all events of a name. */
function eventClass(name: AuditRecord["name"], isWeb: boolean): object {
  const { kind, category, type } = CLASSES[name];
  return {
    action: name,
    dataset: "wherefrom.audit",
    kind,
    category: isWeb ? ["web", ...category] : category,
    type: isWeb && name === "client.resolved" ? ["access"] : type,
  };
}

/** log.level. */
function levelOf(name: AuditRecord["name"]): "info" | "warn" {
  return name === "client.resolved" || name === "login.location" ? "info" : "warn";
}

/** The beginning of `event`, which is the same for all events of a name; with a request, and without. */
const PREFIXES = Object.fromEntries(
  AUDIT_EVENT_NAMES.map((name) => [name, [eventPrefix(name, false), eventPrefix(name, true)]]),
) as unknown as Readonly<Record<AuditEventName, readonly [string, string]>>;

/**
 * The record in the Elastic Common Schema, as one line of JSON. `source` and `client` say the same, because rules ask for `source`: the client where it is proven, with its port where
 * a proxy stated it, and the physical peer as `nat`. Fields of type ip hold addresses and nothing else, or the whole document would be refused; under a hash only
 * `address` is written. What is wherefrom's own stands under `wherefrom`.
 *
 * A line is written for every request. JSON.stringify takes three times as long as putting together what is mostly known beforehand, and so does a table of fields with a function for each.
 */
export function formatEcsLine(record: AuditRecord): string {
  const { name, time, client, peer, local, request, user, warning, finding, isFull } = record;
  const clientIp = ipOf(client, isFull);
  const peerIp = ipOf(peer, isFull);
  const end = endText(record, clientIp, peerIp);
  return `{"@timestamp":"${timeText(time)}","ecs":{"version":"${ECS_VERSION}"},"log":{"level":"${levelOf(name)}"}${
    warning === undefined ? "" : `,"message":${quote(warning.detail)}`
  }${finding === undefined ? "" : `,"message":${quote(finding.message)},"rule":${ruleText(finding)}`}${
    request?.traceId === undefined ? "" : `,"trace":{"id":${quote(request.traceId)}}`
  },"event":${eventText(record)}${end === undefined ? "" : `,"source":${end},"client":${end}`}${
    local === undefined ? "" : `,"server":${serverText(local)}`
  }${networkText(record, clientIp)}${relatedText(user, clientIp, peerIp)}${request === undefined ? "" : requestText(record, request)}${
    user === undefined ? "" : `,"user":${jsonLine(user)}`
  }${ownText(record)}}`;
}

/** The object of `formatEcsLine`: the same fields, for a logger that writes objects. */
export function formatEcs(record: AuditRecord): object {
  return JSON.parse(formatEcsLine(record)) as object;
}

let lastTime = Number.NaN;
let lastTimeText = "";

/** A busy service has many events in a millisecond. Throws a RangeError for what is no time. */
function timeText(time: Date): string {
  const now = time.getTime();
  if (now !== lastTime) {
    lastTimeText = time.toISOString();
    lastTime = now;
  }
  return lastTimeText;
}

function eventPrefix(name: AuditEventName, isWeb: boolean): string {
  return jsonLine(eventClass(name, isWeb)).slice(0, -1);
}

/** event.severity as Elastic's rules have it: low 21, medium 47, high 73, critical 99. */
const SEVERITY = { low: 21, medium: 47, high: 73, critical: 99 } as const;

function ruleText({ ruleId, alarm }: LoginFinding): string {
  return `{"id":"${ruleId}","name":"${alarm}","category":"login","ruleset":"wherefrom"}`;
}

function eventText({ name, request, outcome, reason, surge, finding }: AuditRecord): string {
  const prefix = PREFIXES[name][request?.method === undefined ? 0 : 1];
  let text = `${prefix},"outcome":${quote(outcome)}`;
  if (reason !== undefined) text += `,"reason":${quote(reason)}`;
  if (finding !== undefined) text += `,"severity":${SEVERITY[finding.severity]}`;
  if (surge !== undefined) text += `,"start":"${surge.start.toISOString()}"`;
  if (surge?.end !== undefined) text += `,"end":"${surge.end.toISOString()}"`;
  if (request?.durationMs !== undefined) text += `,"duration":${numberText(Math.round(request.durationMs * 1e6))}`;
  return `${text}}`;
}

function serverText({ address, port }: Endpoint): string {
  const text = quote(address);
  return `{"address":${text}${isIp(address, true) ? `,"ip":${text}` : ""}${port === undefined ? "" : `,"port":${numberText(port)}`}}`;
}

function networkText({ transport, hops }: AuditRecord, ip: string | undefined): string {
  let text = transport === undefined || transport === "unix" ? "" : `"transport":${quote(transport)}`;
  if (ip !== undefined) text = and(text, `"type":"${ip.includes(":") ? "ipv6" : "ipv4"}"`);
  if (ip !== undefined && hops.length > 1) text = and(text, `"forwarded_ip":"${ip}"`);
  return text === "" ? "" : `,"network":{${text}}`;
}

function relatedText(user: AuditUser | undefined, clientIp: string | undefined, peerIp: string | undefined): string {
  let ips = clientIp === undefined ? "" : `"${clientIp}"`;
  if (peerIp !== undefined && peerIp !== clientIp) ips = and(ips, `"${peerIp}"`);
  let text = ips === "" ? "" : `"ip":[${ips}]`;
  if (user !== undefined) text = and(text, `"user":[${quote(user.id)}]`);
  return text === "" ? "" : `,"related":{${text}}`;
}

function requestText({ protocol, host }: AuditRecord, request: AuditRequest): string {
  const { httpVersion, method, status, bytes, path, userAgent, id } = request;
  let http = httpVersion === undefined ? "" : `"version":${quote(httpVersion)}`;
  let asked = method === undefined ? "" : `"method":${quote(method)}`;
  if (id !== undefined) asked = and(asked, `"id":${quote(id)}`);
  if (asked !== "") http = and(http, `"request":{${asked}}`);
  let response = status === undefined ? "" : `"status_code":${numberText(status)}`;
  if (bytes !== undefined) response = and(response, `"body":{"bytes":${numberText(bytes)}}`);
  if (response !== "") http = and(http, `"response":{${response}}`);
  let text = http === "" ? "" : `,"http":{${http}}`;
  if (method !== undefined) {
    let url = path === undefined ? "" : `"path":${quote(path)}`;
    if (protocol !== undefined) url = and(url, `"scheme":${quote(protocol)}`);
    if (host !== undefined) url = and(url, hostText(host));
    if (url !== "") text += `,"url":{${url}}`;
  }
  return userAgent === undefined ? text : `${text},"user_agent":{"original":${quote(userAgent)}}`;
}

function hostText(host: string): string {
  const { name, port } = splitHost(host);
  return `"domain":${quote(name)}${port === undefined ? "" : `,"port":${port}`}`;
}

function ownText({
  method,
  stop,
  raw,
  key,
  warnings,
  hops,
  request,
  numbers,
  place,
  login,
  finding,
  surge,
  warning,
}: AuditRecord): string {
  let text = method === undefined ? "" : `"method":"${method}"`;
  if (stop !== undefined) text = and(text, `"stop":"${stop}"`);
  if (raw !== undefined) text = and(text, `"raw":${quote(raw)}`);
  if (request?.ending !== undefined) text = and(text, `"ending":${quote(request.ending)}`);
  if (key !== undefined) text = and(text, `"key":${quote(key)}`);
  if (warnings.length > 0) text = and(text, `"warnings":${jsonLine(warnings)}`);
  if (hops.length > 0) text = and(text, `"hops":[${hopsText(hops)}]`);
  if (request?.headers !== undefined) text = andDictionary(text, "headers", request.headers);
  if (numbers !== undefined) text = andDictionary(text, "numbers", numbers);
  if (place?.databases !== undefined) text = and(text, `"geo_databases":${databasesText(place.databases)}`);
  if (login !== undefined) text = andDictionary(text, "login", login);
  if (finding !== undefined)
    text = and(
      text,
      `"finding":${jsonLine({ entity: finding.entity, severity: finding.severity, repeat: finding.repeat })}`,
    );
  if (surge !== undefined) text = and(text, `"surge":${jsonLine(surgeFields(surge))}`);
  if (warning !== undefined) text = and(text, `"warning":${jsonLine({ code: warning.code, peer: warning.peer })}`);
  return text === "" ? "" : `,"wherefrom":{${text}}`;
}

/** Nothing for one that is empty. */
function andDictionary(before: string, name: string, dictionary: object): string {
  const text = jsonLine(dictionary);
  return text === "{}" ? before : and(before, `"${name}":${text}`);
}

function hopsText(hops: readonly RecordedHop[]): string {
  let text = "";
  for (const hop of hops) text = and(text, hopText(hop));
  return text;
}

function hopText({ address, port, method, format, trusted, rule }: RecordedHop): string {
  return `{${address === undefined ? "" : `"address":${quote(address)},`}${
    port === undefined ? "" : `"port":${port},`
  }"method":"${method}","format":${quote(format)},"trusted":${trusted},"rule":${quote(rule)}}`;
}

/** One member more. Nothing is cut off again afterwards, which would copy what was put together until then. */
function and(members: string, member: string): string {
  return members === "" ? member : `${members},${member}`;
}

/** `start` and `end` are ECS's own. */
function surgeFields({ start: _start, end: _end, ...rest }: Surge): object {
  return rest;
}
