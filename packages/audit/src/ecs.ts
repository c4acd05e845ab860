import type { Endpoint } from "@wherefrom/core";
import type { AuditRecord } from "./audit-record.ts";
import { jsonLine } from "./line-text.ts";
import type { Place } from "./place.ts";
import type { Surge } from "./surge.ts";

/** Version of the Elastic Common Schema whose fields are written. */
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

/**
 * The record in the Elastic Common Schema. `source` and `client` say the same, because rules ask for `source`: the client where it is proven, with its port where
 * somebody told it, and the physical peer as `nat`. Fields of type ip hold addresses and nothing else, or the whole document would be refused; under a hash only
 * `address` is written. What is wherefrom's own stands under `wherefrom`.
 */
export function formatEcs(record: AuditRecord): object {
  const { name, client, peer, local, request, user, hops, surge, warning } = record;
  const { kind, category, type } = CLASSES[name];
  const isWeb = request !== undefined && (name === "client.resolved" || name === "client.rejected");
  const end = endpointFields(client, peer, record.place);
  const ips = [client, peer].flatMap((endpoint) =>
    endpoint === undefined || !isIp(endpoint.address) ? [] : [endpoint.address],
  );
  return prune({
    "@timestamp": record.time.toISOString(),
    ecs: { version: ECS_VERSION },
    log: { level: name === "client.resolved" || name === "login.location" ? "info" : "warn" },
    message: warning?.detail,
    event: {
      action: name,
      dataset: "wherefrom.audit",
      kind,
      category: isWeb ? ["web", ...category] : category,
      type: isWeb && name === "client.resolved" ? ["access"] : type,
      outcome: record.outcome,
      reason: record.reason,
      start: surge?.start.toISOString(),
      end: surge?.end?.toISOString(),
      duration: request?.durationMs === undefined ? undefined : Math.round(request.durationMs * 1e6),
    },
    source: end,
    client: end,
    server: local === undefined ? undefined : { address: local.address, ip: local.address, port: local.port },
    network: {
      transport: record.transport === "unix" ? undefined : record.transport,
      type: client === undefined || !isIp(client.address) ? undefined : client.address.includes(":") ? "ipv6" : "ipv4",
      forwarded_ip: hops.length > 1 && client !== undefined && isIp(client.address) ? client.address : undefined,
    },
    related: { ip: ips.length === 0 ? undefined : [...new Set(ips)], user: user === undefined ? undefined : [user.id] },
    http:
      request === undefined
        ? undefined
        : {
            version: request.httpVersion,
            request: { method: request.method },
            response: { status_code: request.status, body: { bytes: request.bytes } },
          },
    url: request === undefined ? undefined : { path: request.path, scheme: record.protocol, domain: record.host },
    user_agent: { original: request?.userAgent },
    user,
    wherefrom: {
      method: record.method,
      stop: record.stop,
      key: record.key,
      warnings: record.warnings.length === 0 ? undefined : record.warnings,
      hops: hops.length === 0 ? undefined : hops,
      headers: request?.headers,
      numbers: record.numbers,
      geo_databases: record.place?.databases,
      surge: surge === undefined ? undefined : surgeFields(surge),
      warning: warning === undefined ? undefined : { code: warning.code, peer: warning.peer },
    },
  });
}

/** One line of JSON. */
export function formatEcsLine(record: AuditRecord): string {
  return jsonLine(formatEcs(record));
}

/** `start` and `end` are ECS's own. */
function surgeFields({ start: _start, end: _end, ...rest }: Surge): object {
  return rest;
}

/** The client as `source` and as `client`, and the physical peer as its `nat`. */
export function endpointFields(client: Endpoint | undefined, peer: Endpoint | undefined, place?: Place): object {
  const ip = client !== undefined && isIp(client.address) ? client.address : undefined;
  return {
    address: client?.address ?? peer?.address,
    ip,
    port: client?.port,
    nat: peer === undefined || !isIp(peer.address) ? undefined : { ip: peer.address, port: peer.port },
    ...(place === undefined ? {} : placeFields(place)),
  };
}

function placeFields(place: Place): object {
  const { latitude: lat, longitude: lon } = place;
  return {
    geo: {
      continent_code: place.continent,
      country_iso_code: place.country,
      region_iso_code: place.region,
      region_name: place.regionName,
      city_name: place.city,
      location: lat === undefined || lon === undefined ? undefined : { lat, lon },
    },
    as: { number: place.asn, organization: { name: place.organization } },
  };
}

/** Elasticsearch's type ip takes no zone, and no hash. */
function isIp(text: string): boolean {
  return /^[\da-f.:]+$/.test(text) && /[.:]/.test(text);
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
