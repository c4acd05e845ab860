import { given, type LogEntry, type ReadLine, wholeNumber, withoutPort } from "./entry.ts";
import { anyTime } from "./time.ts";

type Json = Readonly<Record<string, unknown>>;

/** Where a form has what, the first that is there: names, and parts of names where one is inside another. */
interface Fields {
  readonly time: readonly string[];
  readonly source: readonly string[];
  readonly forwarded?: readonly string[];
  readonly method?: readonly string[];
  readonly path?: readonly string[];
  /** "GET / HTTP/1.1" in one. */
  readonly request?: readonly string[];
  readonly status?: readonly string[];
  readonly bytes?: readonly string[];
  readonly agent?: readonly string[];
  readonly country?: readonly string[];
  readonly asn?: readonly string[];
  readonly organization?: readonly string[];
}

const CADDY: Fields = {
  time: ["ts"],
  // `client_ip` is what Caddy's own trusted_proxies say; the peer is what a policy begins with.
  source: ["request.remote_ip", "request.remote_addr"],
  forwarded: ["request.headers.X-Forwarded-For"],
  method: ["request.method"],
  path: ["request.uri"],
  status: ["status"],
  bytes: ["size"],
  agent: ["request.headers.User-Agent"],
};
const TRAEFIK: Fields = {
  time: ["StartUTC", "StartLocal", "time"],
  source: ["ClientHost", "ClientAddr"],
  forwarded: ["request_X-Forwarded-For"],
  method: ["RequestMethod"],
  path: ["RequestPath"],
  status: ["DownstreamStatus", "OriginStatus"],
  bytes: ["DownstreamContentSize"],
  agent: ["request_User-Agent"],
};
const CLOUDFLARE: Fields = {
  time: ["EdgeStartTimestamp", "Datetime"],
  source: ["ClientIP"],
  method: ["ClientRequestMethod"],
  path: ["ClientRequestPath", "ClientRequestURI"],
  status: ["EdgeResponseStatus"],
  bytes: ["EdgeResponseBytes"],
  agent: ["ClientRequestUserAgent"],
  country: ["ClientCountry"],
  asn: ["ClientASN"],
};
/** Names that nginx's variables have, and those that people give them. */
const NGINX: Fields = {
  time: ["time_iso8601", "msec", "time_local", "@timestamp", "timestamp", "time", "ts"],
  source: ["remote_addr", "remote_ip", "remoteAddr", "client_ip", "clientip", "client"],
  forwarded: ["http_x_forwarded_for", "x_forwarded_for", "xff", "x-forwarded-for"],
  method: ["request_method", "method"],
  path: ["uri", "request_uri", "path", "url"],
  request: ["request"],
  status: ["status", "status_code"],
  bytes: ["body_bytes_sent", "bytes_sent", "bytes", "size"],
  agent: ["http_user_agent", "user_agent", "agent", "userAgent"],
};
const ECS: Fields = {
  time: ["@timestamp", "timestamp"],
  source: ["source.ip", "client.ip", "source.address", "client.address"],
  forwarded: ["http.request.headers.x-forwarded-for", "http.request.header.x-forwarded-for"],
  method: ["http.request.method"],
  path: ["url.path", "url.original"],
  status: ["http.response.status_code"],
  bytes: ["http.response.body.bytes", "http.response.bytes", "source.bytes"],
  agent: ["user_agent.original"],
  country: ["source.geo.country_iso_code", "client.geo.country_iso_code"],
  asn: ["source.as.number", "client.as.number"],
  organization: ["source.as.organization.name", "client.as.organization.name"],
};

/** The value of "a.b" inside, or of a name with the point in it, as Vector and others write it. Of a list its elements, with commas: a header that came several times. */
function valueAt(object: Json, name: string): unknown {
  let value: unknown = Object.hasOwn(object, name) ? object[name] : undefined;
  if (value === undefined && name.includes(".")) {
    value = object;
    for (const part of name.split(".")) {
      if (typeof value !== "object" || value === null) return undefined;
      value = Object.hasOwn(value, part) ? (value as Json)[part] : undefined;
    }
  }
  return Array.isArray(value) ? value.join(", ") : value;
}

function first(object: Json, names: readonly string[] = []): string | undefined {
  for (const name of names) {
    const value = valueAt(object, name);
    if ((typeof value === "string" && value !== "" && value !== "-") || typeof value === "number") return String(value);
  }
  return undefined;
}

function parsed(line: string): Json | undefined {
  if (line.charCodeAt(line.search(/\S/)) !== 0x7b) return undefined;
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? (value as Json) : undefined;
  } catch {
    return undefined;
  }
}

function entryOf(object: Json, fields: Fields): LogEntry | undefined {
  const second = anyTime(first(object, fields.time));
  const source = first(object, fields.source);
  if (second === undefined || source === undefined) return undefined;
  const [method, target] = first(object, fields.request)?.split(" ") ?? [];
  return {
    second,
    source: withoutPort(source),
    forwarded: given(first(object, fields.forwarded)),
    method: first(object, fields.method) ?? method,
    path: first(object, fields.path) ?? target,
    status: wholeNumber(first(object, fields.status)),
    bytes: wholeNumber(first(object, fields.bytes)),
    agent: first(object, fields.agent),
    country: first(object, fields.country)?.toUpperCase(),
    asn: wholeNumber(first(object, fields.asn)),
    organization: first(object, fields.organization),
  };
}

/** A line is of a form where it has this name; others of the same server are skipped where they have `mark`. */
function reader(fields: Fields, isOfForm: (object: Json) => boolean, isOther: (object: Json) => boolean): ReadLine {
  return (line) => {
    const object = parsed(line);
    if (object === undefined) return undefined;
    if (isOfForm(object)) return entryOf(object, fields);
    return isOther(object) ? "skip" : undefined;
  };
}

const has =
  (name: string) =>
  (object: Json): boolean =>
    valueAt(object, name) !== undefined;

export const readCaddy: ReadLine = reader(
  CADDY,
  has("request.uri"),
  (object) => has("level")(object) && has("ts")(object),
);
export const readTraefik: ReadLine = reader(
  TRAEFIK,
  has("ClientHost"),
  (object) => has("level")(object) && has("msg")(object),
);
export const readCloudflare: ReadLine = reader(CLOUDFLARE, has("ClientIP"), () => false);
export const readNginxJson: ReadLine = reader(
  NGINX,
  (object) => first(object, NGINX.source) !== undefined,
  () => false,
);

/** Elastic Common Schema: Filebeat's and Vector's. */
export const readEcs: ReadLine = reader(
  ECS,
  (object) => has("@timestamp")(object) && first(object, ECS.source) !== undefined,
  (object) => has("ecs.version")(object) || has("agent.type")(object),
);

/** Our own events. Whether a client was proven is written by `source.ip`, or under a hash by the key. */
export const readWherefrom: ReadLine = (line) => {
  const object = parsed(line);
  if (object === undefined) return undefined;
  const second = anyTime(valueAt(object, "@timestamp"));
  const action = valueAt(object, "event.action");
  if (second === undefined || typeof action !== "string") return undefined;
  const key = first(object, ["wherefrom.key"]);
  const text = (name: string): string | undefined => first(object, [name]);
  return {
    ...entryOf(object, ECS),
    second,
    action,
    source: text("source.address") ?? text("source.ip") ?? "unknown",
    isProven: text("source.ip") !== undefined || (key !== undefined && key !== "unknown" && !key.startsWith("peer ")),
    reason: text("event.reason"),
    path: text("url.path"),
    bytes: wholeNumber(text("http.response.body.bytes")),
    continent: text("source.geo.continent_code"),
    region: text("source.geo.region_iso_code") ?? text("source.geo.region_name"),
    city: text("source.geo.city_name"),
  };
};
