import type { AuditRecord } from "../event/record.ts";
import { splitHost } from "../event/split-host.ts";
import type { Surge } from "../event/surge.ts";

/** Values that an OpenTelemetry attribute may have. */
export type OtelAttributes = Readonly<Record<string, string | number | boolean | readonly string[]>>;

/**
 * The record as attributes of an OpenTelemetry log record whose EventName is `record.name` (semantic conventions 1.45). `client.port` is the port of the address in
 * `client.address`, or absent. Where no client is proven `client.address` is the physical peer's, as the convention says, and `wherefrom.client` is false.
 */
export function formatOtel(record: AuditRecord): OtelAttributes {
  const { client, peer, local, request, user, place } = record;
  const host = record.host === undefined ? undefined : splitHost(record.host);
  const attributes: Record<string, string | number | boolean | readonly string[] | undefined> = {
    "client.address": client?.address ?? peer?.address,
    "client.port": client?.port,
    "client.geo.continent.code": place?.continent,
    "client.geo.country.iso_code": place?.country,
    "client.geo.region.iso_code": place?.region,
    "client.geo.locality.name": place?.city,
    "client.geo.location.lat": place?.latitude,
    "client.geo.location.lon": place?.longitude,
    "client.as.number": place?.asn,
    "client.as.organization": place?.organization,
    "network.peer.address": peer?.address,
    "network.peer.port": peer?.port,
    "network.local.address": local?.address,
    "network.local.port": local?.port,
    "network.transport": record.transport,
    "http.request.method": request?.method,
    "http.response.status_code": request?.status,
    "url.path": request?.path,
    "url.scheme": record.protocol,
    "server.address": host?.name.replace(/^\[|\]$/g, ""),
    "server.port": host?.port,
    "user_agent.original": request?.userAgent,
    "user.id": user?.id,
    "user.name": user?.name,
    "wherefrom.client": record.method === undefined ? undefined : client !== undefined,
    "wherefrom.method": record.method,
    "wherefrom.stop": record.stop,
    "wherefrom.reason": record.reason,
    "wherefrom.raw": record.raw,
    "wherefrom.outcome": record.outcome,
    "wherefrom.ending": request?.ending,
    "wherefrom.geo_databases": place?.databases?.map(({ name, build }) => `${name} ${build}`),
    "wherefrom.request.id": request?.id,
    "wherefrom.trace.id": request?.traceId,
    "wherefrom.login.failure": record.login?.failure,
    "wherefrom.login.mfa": record.login?.mfa,
    "security_rule.uuid": record.finding?.ruleId,
    "security_rule.name": record.finding?.alarm,
    "wherefrom.finding.severity": record.finding?.severity,
    "wherefrom.finding.entity": record.finding?.entity.value,
    "wherefrom.finding.message": record.finding?.message,
    "wherefrom.warning.detail": record.warning?.detail,
    "wherefrom.warning.peer": record.warning?.peer,
    "wherefrom.hops": hopTexts(record),
  };
  for (const [key, value] of Object.entries(record.numbers ?? {})) attributes[`wherefrom.${key}`] = value;
  for (const [name, value] of Object.entries(request?.headers ?? {}))
    attributes[`http.request.header.${name}`] = [value];
  if (record.surge !== undefined) Object.assign(attributes, surgeAttributes(record.surge));
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined)) as OtelAttributes;
}

function hopTexts({ hops }: AuditRecord): readonly string[] | undefined {
  if (hops.length === 0) return undefined;
  return hops.map(
    ({ address, method, format, trusted, rule }) =>
      `${address ?? "?"} ${method === format ? method : `${method} ${format}`} ${trusted ? "believed" : "not believed"}: ${rule}`,
  );
}

/** Lists as texts, because an attribute has no fields of its own. */
function surgeAttributes(surge: Surge): Record<string, string | number | readonly string[] | undefined> {
  const attributes: Record<string, string | number | readonly string[] | undefined> = {
    "wherefrom.surge.id": surge.id,
    "wherefrom.surge.change": surge.change,
    "wherefrom.surge.start": surge.start.toISOString(),
    "wherefrom.surge.end": surge.end?.toISOString(),
    "wherefrom.surge.requests": surge.requests,
    "wherefrom.surge.proven": surge.proven,
    "wherefrom.surge.peak_per_second": surge.peakPerSecond,
    "wherefrom.surge.baseline_per_second": surge.baselinePerSecond,
    "wherefrom.surge.clients": surge.clients,
    "wherefrom.surge.block": surge.block,
  };
  for (const [dimension, list] of Object.entries(surge.top)) {
    attributes[`wherefrom.surge.top.${dimension.replace("-", "_")}`] = list.map(
      ({ name, requests }) => `${requests} ${name}`,
    );
  }
  return attributes;
}
