import type { Endpoint } from "@wherefrom/core";
import { AUDIT_EVENT_NAMES, type AuditEventName, type AuditRequest } from "./audit-event.ts";
import type { AuditRecord, RecordedHop } from "./audit-record.ts";
import { ECS_VERSION, eventClass, isIp, levelOf, placeFields, surgeFields } from "./ecs.ts";
import { jsonLine } from "./line-text.ts";
import type { Place, PlaceDatabase } from "./place.ts";

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
  const { name, time, local, request, user, warning } = record;
  const end = endText(record);
  const own = ownText(record);
  return `{"@timestamp":"${time.toISOString()}","ecs":{"version":"${ECS_VERSION}"},"log":{"level":"${levelOf(name)}"}${
    warning === undefined ? "" : `,"message":${quote(warning.detail)}`
  },"event":${eventText(record)}${end === undefined ? "" : `,"source":${end},"client":${end}`}${
    local === undefined ? "" : `,"server":${serverText(local)}`
  }${networkText(record)}${relatedText(record)}${request === undefined ? "" : requestText(record, request)}${
    user === undefined ? "" : `,"user":${jsonLine(user)}`
  }${own === "" ? "" : `,"wherefrom":{${own.slice(1)}}`}}`;
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

function endText({ client, peer, place }: AuditRecord): string | undefined {
  const address = client?.address ?? peer?.address;
  if (address === undefined) return undefined;
  let text = `{"address":${quote(address)}`;
  if (client !== undefined && isIp(client.address)) text += `,"ip":"${client.address}"`;
  if (client?.port !== undefined) text += `,"port":${client.port}`;
  if (peer !== undefined && isIp(peer.address)) {
    text += `,"nat":{"ip":"${peer.address}"${peer.port === undefined ? "" : `,"port":${peer.port}`}}`;
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
  return `{"address":${text},"ip":${text}${port === undefined ? "" : `,"port":${port}`}}`;
}

function networkText({ transport, client, hops }: AuditRecord): string {
  const ip = client !== undefined && isIp(client.address) ? client.address : undefined;
  let text = transport === undefined || transport === "unix" ? "" : `,"transport":"${transport}"`;
  if (ip !== undefined) text += `,"type":"${ip.includes(":") ? "ipv6" : "ipv4"}"`;
  if (ip !== undefined && hops.length > 1) text += `,"forwarded_ip":"${ip}"`;
  return text === "" ? "" : `,"network":{${text.slice(1)}}`;
}

function relatedText({ client, peer, user }: AuditRecord): string {
  let ips = client !== undefined && isIp(client.address) ? `,"${client.address}"` : "";
  if (peer !== undefined && peer.address !== client?.address && isIp(peer.address)) ips += `,"${peer.address}"`;
  let text = ips === "" ? "" : `,"ip":[${ips.slice(1)}]`;
  if (user !== undefined) text += `,"user":[${quote(user.id)}]`;
  return text === "" ? "" : `,"related":{${text.slice(1)}}`;
}

function requestText({ protocol, host }: AuditRecord, request: AuditRequest): string {
  const { httpVersion, method, status, bytes, path, userAgent } = request;
  let http = httpVersion === undefined ? "" : `,"version":${quote(httpVersion)}`;
  if (method !== undefined) http += `,"request":{"method":${quote(method)}}`;
  let response = status === undefined ? "" : `,"status_code":${status}`;
  if (bytes !== undefined) response += `,"body":{"bytes":${bytes}}`;
  if (response !== "") http += `,"response":{${response.slice(1)}}`;
  let text = http === "" ? "" : `,"http":{${http.slice(1)}}`;
  if (method !== undefined) {
    let url = path === undefined ? "" : `,"path":${quote(path)}`;
    if (protocol !== undefined) url += `,"scheme":${quote(protocol)}`;
    if (host !== undefined) url += `,"domain":${quote(host)}`;
    if (url !== "") text += `,"url":{${url.slice(1)}}`;
  }
  return userAgent === undefined ? text : `${text},"user_agent":{"original":${quote(userAgent)}}`;
}

/** With a comma at the beginning. */
function ownText({ method, stop, key, warnings, hops, request, numbers, place, surge, warning }: AuditRecord): string {
  let text = method === undefined ? "" : `,"method":"${method}"`;
  if (stop !== undefined) text += `,"stop":"${stop}"`;
  if (key !== undefined) text += `,"key":${quote(key)}`;
  if (warnings.length > 0) text += `,"warnings":${jsonLine(warnings)}`;
  if (hops.length > 0) text += `,"hops":[${hops.map(hopText).join(",")}]`;
  if (request?.headers !== undefined) text += dictionaryText("headers", request.headers);
  if (numbers !== undefined) text += dictionaryText("numbers", numbers);
  if (place?.databases !== undefined) text += `,"geo_databases":${databasesText(place.databases)}`;
  if (surge !== undefined) text += `,"surge":${jsonLine(surgeFields(surge))}`;
  if (warning !== undefined) text += `,"warning":${jsonLine({ code: warning.code, peer: warning.peer })}`;
  return text;
}

/** Nothing for one that is empty. */
function dictionaryText(name: string, dictionary: object): string {
  const text = jsonLine(dictionary);
  return text === "{}" ? "" : `,"${name}":${text}`;
}

function hopText({ address, port, method, format, trusted, rule }: RecordedHop): string {
  return `{${address === undefined ? "" : `"address":${quote(address)},`}${
    port === undefined ? "" : `"port":${port},`
  }"method":"${method}","format":${quote(format)},"trusted":${trusted},"rule":${quote(rule)}}`;
}

function quote(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : jsonLine(text);
}
