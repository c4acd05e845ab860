import { isIP } from "node:net";
import type { Endpoint } from "@wherefrom/core";
import type { AuditRequest } from "./audit-event.ts";
import type { AuditRecord } from "./audit-record.ts";
import type { Place } from "./place.ts";
import { splitHost } from "./split-host.ts";
import type { Surge } from "./surge.ts";

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
export function eventClass(name: AuditRecord["name"], isWeb: boolean): object {
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
export function levelOf(name: AuditRecord["name"]): "info" | "warn" {
  return name === "client.resolved" || name === "login.location" ? "info" : "warn";
}

/**
 * The record in the Elastic Common Schema. `source` and `client` say the same, because rules ask for `source`: the client where it is proven, with its port where
 * somebody told it, and the physical peer as `nat`. Fields of type ip hold addresses and nothing else, or the whole document would be refused; under a hash only
 * `address` is written. What is wherefrom's own stands under `wherefrom`.
 */
export function formatEcs(record: AuditRecord): object {
  return prune(ecsFields(record));
}

function ecsFields(record: AuditRecord): object {
  const { name, client, peer, local, request, user, surge, warning } = record;
  const isWeb = request?.method !== undefined;
  const end = endpointFields(client, peer, record.place, record.isFull);
  return {
    "@timestamp": record.time.toISOString(),
    ecs: { version: ECS_VERSION },
    log: { level: levelOf(name) },
    message: warning?.detail,
    event: {
      ...eventClass(name, isWeb),
      outcome: record.outcome,
      reason: record.reason,
      start: surge?.start.toISOString(),
      end: surge?.end?.toISOString(),
      duration: request?.durationMs === undefined ? undefined : Math.round(request.durationMs * 1e6),
    },
    source: end,
    client: end,
    server: local === undefined ? undefined : serverFields(local),
    network: networkFields(record),
    related: relatedFields(record),
    http: request === undefined ? undefined : httpFields(request),
    url: isWeb ? { path: request.path, scheme: record.protocol, ...hostFields(record.host) } : undefined,
    user_agent: request?.userAgent === undefined ? undefined : { original: request.userAgent },
    user,
    wherefrom: {
      method: record.method,
      stop: record.stop,
      key: record.key,
      warnings: record.warnings.length === 0 ? undefined : record.warnings,
      hops: record.hops.length === 0 ? undefined : record.hops,
      headers: request?.headers,
      numbers: record.numbers,
      geo_databases: record.place?.databases,
      surge: surge === undefined ? undefined : surgeFields(surge),
      warning: warning === undefined ? undefined : { code: warning.code, peer: warning.peer },
    },
  };
}

function serverFields({ address, port }: Endpoint): object {
  return { address, ip: isIp(address, true) ? address : undefined, port };
}

/** Our end, as the client called it: the brackets of an IPv6 address are part of `domain`, the port is not. */
function hostFields(host: string | undefined): object | undefined {
  if (host === undefined) return undefined;
  const { name, port } = splitHost(host);
  return { domain: name, port };
}

function networkFields({ transport, client, hops, isFull }: AuditRecord): object | undefined {
  const ip = client !== undefined && isIp(client.address, isFull) ? client.address : undefined;
  if (ip === undefined && (transport === undefined || transport === "unix")) return undefined;
  return {
    transport: transport === "unix" ? undefined : transport,
    type: ip === undefined ? undefined : ip.includes(":") ? "ipv6" : "ipv4",
    forwarded_ip: hops.length > 1 ? ip : undefined,
  };
}

function relatedFields({ client, peer, user, isFull }: AuditRecord): object | undefined {
  const ips: string[] = [];
  if (client !== undefined && isIp(client.address, isFull)) ips.push(client.address);
  if (peer !== undefined && peer.address !== client?.address && isIp(peer.address, isFull)) ips.push(peer.address);
  if (ips.length === 0 && user === undefined) return undefined;
  return { ip: ips.length === 0 ? undefined : ips, user: user === undefined ? undefined : [user.id] };
}

function httpFields({ httpVersion, method, status, bytes }: AuditRequest): object | undefined {
  if (httpVersion === undefined && method === undefined && status === undefined && bytes === undefined)
    return undefined;
  return {
    version: httpVersion,
    request: method === undefined ? undefined : { method },
    response:
      status === undefined && bytes === undefined
        ? undefined
        : { status_code: status, body: bytes === undefined ? undefined : { bytes } },
  };
}

/** `start` and `end` are ECS's own. */
export function surgeFields({ start: _start, end: _end, ...rest }: Surge): object {
  return rest;
}

/** The client as `source` and as `client`, and the physical peer as its `nat`. Undefined where neither has an address. */
export function endpointFields(
  client: Endpoint | undefined,
  peer: Endpoint | undefined,
  place?: Place,
  isFull = true,
): object | undefined {
  const address = client?.address ?? peer?.address;
  if (address === undefined) return undefined;
  return {
    address,
    ip: client !== undefined && isIp(client.address, isFull) ? client.address : undefined,
    port: client?.port,
    nat: peer === undefined || !isIp(peer.address, isFull) ? undefined : { ip: peer.address, port: peer.port },
    ...(place === undefined ? {} : placeFields(place)),
  };
}

export function placeFields(place: Place): { readonly geo: object | undefined; readonly as: object | undefined } {
  return { geo: geoFields(place), as: systemFields(place) };
}

function geoFields({ continent, country, region, regionName, city, latitude, longitude }: Place): object | undefined {
  const location = latitude === undefined || longitude === undefined ? undefined : { lat: latitude, lon: longitude };
  const fields = [continent, country, region, regionName, city, location];
  if (fields.every((field) => field === undefined)) return undefined;
  return {
    continent_code: continent,
    country_iso_code: country,
    region_iso_code: region,
    region_name: regionName,
    city_name: city,
    location,
  };
}

function systemFields({ asn, organization }: Place): object | undefined {
  if (asn === undefined && organization === undefined) return undefined;
  return { number: asn, organization: organization === undefined ? undefined : { name: organization } };
}

/** Elasticsearch's type ip takes no zone (which node:net does), and no hash, whatever it looks like: an answer of a privacy's function may look like an address. What stands in full is one. */
export function isIp(text: string, isFull: boolean): boolean {
  return /^[\da-f]*[.:][\da-f.:]*$/.test(text) && (isFull || isIP(text) !== 0);
}

/** Without what is undefined, and objects that are left empty. */
function prune(value: object): object {
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, each]: [string, unknown]) => {
      if (each === undefined) return [];
      if (typeof each !== "object" || each === null || Array.isArray(each)) return [[key, each]];
      const pruned = prune(each);
      return Object.keys(pruned).length === 0 ? [] : [[key, pruned]];
    }),
  );
}
