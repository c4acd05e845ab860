import type { Endpoint } from "@wherefrom/core";
import { AUDIT_EVENT_NAMES, type AuditEventName, type AuditRequest, type AuditUser } from "./audit-event.ts";
import type { AuditRecord, RecordedHop } from "./audit-record.ts";
import { ECS_VERSION, eventClass, isIp, levelOf, placeFields, surgeFields } from "./ecs.ts";
import { jsonLine } from "./line-text.ts";
import type { Place, PlaceDatabase } from "./place.ts";
import { splitHost } from "./split-host.ts";

/** Text that stands in JSON as it is: printable ASCII without `"` and `\`. */
const PLAIN = /^[ !#-[\]-~]*$/;

/** The beginning of `event`, which is the same for all events of a name; with a request, and without. */
const PREFIXES = Object.fromEntries(
  AUDIT_EVENT_NAMES.map((name) => [name, [eventPrefix(name, false), eventPrefix(name, true)]]),
) as unknown as Readonly<Record<AuditEventName, readonly [string, string]>>;

/**
 * `formatEcs` as one line of JSON, to the byte; a test holds the two equal. A line is written for every request, and JSON.stringify takes three times as long as putting
 * together what is mostly known beforehand.
 */
export function formatEcsLine(record: AuditRecord): string {
  const { name, time, client, peer, local, request, user, warning, isFull } = record;
  const clientIp = ipOf(client, isFull);
  const peerIp = ipOf(peer, isFull);
  const end = endText(record, clientIp, peerIp);
  return `{"@timestamp":"${timeText(time)}","ecs":{"version":"${ECS_VERSION}"},"log":{"level":"${levelOf(name)}"}${
    warning === undefined ? "" : `,"message":${quote(warning.detail)}`
  },"event":${eventText(record)}${end === undefined ? "" : `,"source":${end},"client":${end}`}${
    local === undefined ? "" : `,"server":${serverText(local)}`
  }${networkText(record, clientIp)}${relatedText(user, clientIp, peerIp)}${request === undefined ? "" : requestText(record, request)}${
    user === undefined ? "" : `,"user":${jsonLine(user)}`
  }${ownText(record)}}`;
}

/** The address where a field of type ip takes it, and where JSON takes it as it is. */
function ipOf(endpoint: Endpoint | undefined, isFull: boolean): string | undefined {
  return endpoint !== undefined && isIp(endpoint.address, isFull) ? endpoint.address : undefined;
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

function eventText({ name, request, outcome, reason, surge }: AuditRecord): string {
  const prefix = PREFIXES[name][request?.method === undefined ? 0 : 1];
  let text = `${prefix},"outcome":"${outcome}"`;
  if (reason !== undefined) text += `,"reason":${quote(reason)}`;
  if (surge !== undefined) text += `,"start":"${surge.start.toISOString()}"`;
  if (surge?.end !== undefined) text += `,"end":"${surge.end.toISOString()}"`;
  if (request?.durationMs !== undefined) text += `,"duration":${Math.round(request.durationMs * 1e6)}`;
  return `${text}}`;
}

function endText(
  { client, peer, place }: AuditRecord,
  clientIp: string | undefined,
  peerIp: string | undefined,
): string | undefined {
  const address = client?.address ?? peer?.address;
  if (address === undefined) return undefined;
  let text = `{"address":${address === clientIp ? `"${address}","ip":"${address}"` : quote(address)}`;
  if (client?.port !== undefined) text += `,"port":${client.port}`;
  if (peerIp !== undefined) {
    text += `,"nat":{"ip":"${peerIp}"${peer?.port === undefined ? "" : `,"port":${peer.port}`}}`;
  }
  if (place !== undefined) text += placeText(place);
  return `${text}}`;
}

/** Texts of places and of their databases, which a Geo gives out again and again as the same objects. */
const placeTexts = new WeakMap<object, string>();

/** `geo` and `as`, with a comma before each. */
function placeText(place: Place): string {
  const known = placeTexts.get(place);
  if (known !== undefined) return known;
  const { geo, as } = placeFields(place);
  const text = `${geo === undefined ? "" : `,"geo":${jsonLine(geo)}`}${as === undefined ? "" : `,"as":${jsonLine(as)}`}`;
  placeTexts.set(place, text);
  return text;
}

function databasesText(databases: readonly PlaceDatabase[]): string {
  const text = placeTexts.get(databases) ?? jsonLine(databases);
  placeTexts.set(databases, text);
  return text;
}

function serverText({ address, port }: Endpoint): string {
  const text = quote(address);
  return `{"address":${text}${isIp(address, true) ? `,"ip":${text}` : ""}${port === undefined ? "" : `,"port":${port}`}}`;
}

function networkText({ transport, hops }: AuditRecord, ip: string | undefined): string {
  let text = transport === undefined || transport === "unix" ? "" : `"transport":"${transport}"`;
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
  const { httpVersion, method, status, bytes, path, userAgent } = request;
  let http = httpVersion === undefined ? "" : `"version":${quote(httpVersion)}`;
  if (method !== undefined) http = and(http, `"request":{"method":${quote(method)}}`);
  let response = status === undefined ? "" : `"status_code":${status}`;
  if (bytes !== undefined) response = and(response, `"body":{"bytes":${bytes}}`);
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

function ownText({ method, stop, key, warnings, hops, request, numbers, place, surge, warning }: AuditRecord): string {
  let text = method === undefined ? "" : `"method":"${method}"`;
  if (stop !== undefined) text = and(text, `"stop":"${stop}"`);
  if (key !== undefined) text = and(text, `"key":${quote(key)}`);
  if (warnings.length > 0) text = and(text, `"warnings":${jsonLine(warnings)}`);
  if (hops.length > 0) text = and(text, `"hops":[${hopsText(hops)}]`);
  if (request?.headers !== undefined) text = andDictionary(text, "headers", request.headers);
  if (numbers !== undefined) text = andDictionary(text, "numbers", numbers);
  if (place?.databases !== undefined) text = and(text, `"geo_databases":${databasesText(place.databases)}`);
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

function quote(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : jsonLine(text);
}
